//! What may be a secret: keys that people write one into, texts that have the form of one, and what
//! to do instead. Text in; a judgement out. Lines with a secret are kept out of findings by `read`.

/// Keys that people write a secret into; a spec is no place for one.
const KEYS: &[&str] = &[
    "password",
    "client_secret",
    "secret",
    "certificate_password",
    "pfx_password",
    "passphrase",
    "private_key",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "bearer_token",
];

/// How the body of every private key of OpenSSH begins (`openssh-key-v1` in base64).
const OPENSSH_KEY: &str = "b3BlbnNzaC1rZXktdjE";

/// The longest name of an environment variable that is taken for one.
const LONGEST_NAME: usize = 100;

/// Whether people write a secret into a key of this name.
pub(super) fn is_key_of_one(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Whether a line of a spec may hold a secret, judged by its words.
pub(super) fn may_be_in(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let words = ["password", "secret", "passphrase", "token", "private_key"];
    words.iter().any(|word| lower.contains(word)) || looks_like_one(line)
}

/// Whether a text has the form of a token (`eyJ` begins the header of every JWT) or of a private
/// key.
pub(super) fn looks_like_one(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.=".contains(letter);
    let is_token = |word: &str| {
        let is_long = word.len() >= 32 || word.matches('.').count() >= 2;
        word.starts_with("eyJ") && is_long && word.chars().all(is_letter)
    };
    let words = text.split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\''));
    text.contains("PRIVATE KEY-----")
        || text.contains(OPENSSH_KEY)
        || words.into_iter().any(is_token)
}

/// Whether a text can be the name of an environment variable.
pub(super) fn is_variable_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && !looks_like_one(text)
        && text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// What to write instead of a secret in a key of this name.
pub(super) fn instead(key: &str, text: &str) -> &'static str {
    if key == "signers" {
        "name the public key: the line in the file that ends in `.pub`, such as \
         `~/.ssh/id_ed25519.pub`"
    } else if text.contains("PRIVATE KEY-----") || key == "private_key" {
        "keep the key in a `.pfx` or PEM file that Git does not see, and name that file: \
         `certificate = \"application.pfx\"`"
    } else if key.contains("token") || looks_like_one(text) {
        "keep a token in an environment variable and name that, with `method = \"environment\"`: \
         `token_env = \"AUDITFORM_TOKEN\"`"
    } else if key.contains("client_secret") {
        "applications sign in with a certificate or a federated credential; client secrets are \
         not taken"
    } else {
        "keep the certificate's password in an environment variable and name that: \
         `password_env = \"AUDITFORM_PFX_PASSWORD\"`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_and_a_key_are_known_by_their_form() {
        assert!(looks_like_one("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln"));
        assert!(looks_like_one("-----BEGIN PRIVATE KEY-----"));
        assert!(looks_like_one("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB"));
        assert!(may_be_in("x = eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln"));
        for harmless in ["keys/eyJ.pfx", "eyJohnson", "eyJohnson.of.the.office@contoso.com"] {
            assert!(!looks_like_one(harmless), "{harmless}");
        }
    }

    #[test]
    fn a_variable_has_a_plain_and_short_name() {
        assert!(is_variable_name("AUDITFORM_TOKEN"));
        for text in ["", "1A", "pa$$w0rd", "a b", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9"] {
            assert!(!is_variable_name(text), "{text}");
        }
        assert!(!is_variable_name(&"A".repeat(LONGEST_NAME + 1)));
    }
}
