//! Who may approve a plan, how many of them it takes, and how long an approval holds. Made from
//! `[approval]` of a spec, carried by a plan, held against signatures.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::SignerKey;
use crate::resource::{parse_duration, written_duration};

/// How long an approval holds unless the rules say otherwise.
pub const USUAL_EXPIRY: SignedDuration = SignedDuration::from_hours(24);

/// The longest that an approval may hold: what a tenant was a month ago says little of today.
pub const LONGEST_EXPIRY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One who may approve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// The key.
    pub key: SignerKey,
    /// What stands after the key. Keys of one name belong to one signer.
    pub name: Option<String>,
}

impl Signer {
    /// Whose signature it is: the name, or the key itself where there is none.
    pub fn holder(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.key.fingerprint())
    }
}

/// The rules of approval. There is at least one signer, no key stands twice, and no more signers are
/// required than there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Document", into = "Document")]
pub struct ApprovalRules {
    signers: Vec<Signer>,
    required: u32,
    expiry: SignedDuration,
}

/// Rules that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Nobody may sign.
    #[error("nobody may sign")]
    NoSigners,
    /// A key stands twice.
    #[error("the key {0} is listed twice")]
    Repeated(String),
    /// No signature is required.
    #[error("no signature is required")]
    NoneRequired,
    /// More are required than there are.
    #[error("{required} signers are required and there are {signers}")]
    TooFew {
        /// So many have to sign.
        required: u32,
        /// So many can.
        signers: usize,
    },
    /// An approval holds for no time, or for too long.
    #[error("an approval may hold for up to {}", written_duration(LONGEST_EXPIRY))]
    Expiry,
}

impl ApprovalRules {
    /// Rules, whatever the order of the signers.
    pub fn new(
        mut signers: Vec<Signer>,
        required: u32,
        expiry: SignedDuration,
    ) -> Result<Self, RulesError> {
        signers.sort();
        let repeated = signers.windows(2).find(|pair| pair[0].key == pair[1].key);
        if let Some(pair) = repeated {
            return Err(RulesError::Repeated(pair[0].key.fingerprint()));
        }
        let holders = holders(&signers);
        match usize::try_from(required) {
            _ if holders == 0 => Err(RulesError::NoSigners),
            Ok(0) => Err(RulesError::NoneRequired),
            Ok(number) if number <= holders => {
                if expiry.is_positive() && expiry <= LONGEST_EXPIRY {
                    Ok(Self { signers, required, expiry })
                } else {
                    Err(RulesError::Expiry)
                }
            }
            _ => Err(RulesError::TooFew { required, signers: holders }),
        }
    }

    /// Who may sign, by key.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// So many different signers have to sign.
    pub fn required(&self) -> u32 {
        self.required
    }

    /// So long an approval holds, from the time inside the signature.
    pub fn expiry(&self) -> SignedDuration {
        self.expiry
    }

    /// The signer of a key, if the key may sign.
    pub fn signer(&self, key: &SignerKey) -> Option<&Signer> {
        self.signers.iter().find(|signer| signer.key == *key)
    }

    /// How many there are, each counted once whatever the number of their keys.
    pub fn holders(&self) -> usize {
        holders(&self.signers)
    }
}

fn holders(signers: &[Signer]) -> usize {
    signers.iter().map(Signer::holder).collect::<BTreeSet<_>>().len()
}

/// The rules as a plan carries them. A key that is not known is an error here, unlike elsewhere in a
/// plan: a rule that is not understood must not be passed over.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Document {
    /// How many of the signers.
    #[schemars(range(min = 1))]
    required: u32,
    /// How long an approval holds, such as `1d`.
    #[schemars(length(min = 2))]
    expiry: String,
    /// Who may sign.
    #[schemars(length(min = 1))]
    signers: Vec<SignerDocument>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Signer")]
struct SignerDocument {
    /// A public key of OpenSSH.
    #[schemars(length(min = 1))]
    key: String,
    /// SHA-256 of the key, as OpenSSH writes it.
    #[schemars(regex(pattern = r"^SHA256:"))]
    fingerprint: String,
    /// Whose it is, where that is said. Keys of one name belong to one signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<ApprovalRules> for Document {
    fn from(rules: ApprovalRules) -> Self {
        let signers = rules.signers.into_iter().map(|signer| SignerDocument {
            key: signer.key.to_string(),
            fingerprint: signer.key.fingerprint(),
            name: signer.name,
        });
        Self {
            required: rules.required,
            expiry: written_duration(rules.expiry),
            signers: signers.collect(),
        }
    }
}

impl TryFrom<Document> for ApprovalRules {
    type Error = String;

    fn try_from(document: Document) -> Result<Self, String> {
        let expiry = parse_duration(&document.expiry)
            .ok_or_else(|| format!("`{}` is not a length of time", document.expiry))?;
        let signers = document.signers.iter().map(signer).collect::<Result<_, _>>()?;
        Self::new(signers, document.required, expiry).map_err(|error| error.to_string())
    }
}

fn signer(document: &SignerDocument) -> Result<Signer, String> {
    let line = format!("{} {}", document.key, document.name.as_deref().unwrap_or_default());
    let (key, name) = SignerKey::parse(&line).map_err(|error| error.to_string())?;
    // People compare fingerprints, so a wrong one beside a key would mislead them.
    if key.fingerprint() != document.fingerprint || name != document.name {
        return Err("the fingerprint or the name is not that of the key".to_owned());
    }
    Ok(Signer { key, name })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;
    use crate::approval::test_keys::{ALICE, BOB, CAROL, signer};

    #[test]
    fn rules_are_read_as_they_are_written_in_any_order() {
        let rules = |signers| ApprovalRules::new(signers, 2, USUAL_EXPIRY).unwrap();
        let one = rules(vec![signer(ALICE, "alice"), signer(BOB, "")]);
        assert_eq!(one, rules(vec![signer(BOB, ""), signer(ALICE, "alice")]));
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<ApprovalRules>(&json).unwrap(), one);
    }

    #[test]
    fn keys_of_one_name_count_once() {
        let keys = || vec![signer(ALICE, "alice"), signer(BOB, "alice"), signer(CAROL, "carol")];
        assert_eq!(ApprovalRules::new(keys(), 2, USUAL_EXPIRY).unwrap().holders(), 2);
        let error = ApprovalRules::new(keys(), 3, USUAL_EXPIRY).unwrap_err();
        assert_eq!(error, RulesError::TooFew { required: 3, signers: 2 });
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        let one = || vec![signer(ALICE, "alice")];
        let hour = SignedDuration::from_hours(1);
        let twice = vec![signer(ALICE, "alice"), signer(ALICE, "bob")];
        for (signers, required, expiry) in [
            (Vec::new(), 1, hour),
            (twice, 1, hour),
            (one(), 0, hour),
            (one(), 1, SignedDuration::ZERO),
            (one(), 1, LONGEST_EXPIRY + SignedDuration::from_secs(1)),
        ] {
            assert!(ApprovalRules::new(signers, required, expiry).is_err());
        }
    }

    #[test]
    fn a_plan_cannot_show_another_fingerprint_than_that_of_the_key() {
        let rules = ApprovalRules::new(vec![signer(ALICE, "alice")], 1, USUAL_EXPIRY).unwrap();
        let json = serde_json::to_string(&rules).unwrap();
        let fingerprint = signer(ALICE, "").key.fingerprint();
        let other = json.replace(&fingerprint, &signer(BOB, "").key.fingerprint());
        assert!(serde_json::from_str::<ApprovalRules>(&other).is_err());
        let more = json.replace("\"required\"", "\"veto\":\"bob\",\"required\"");
        assert!(serde_json::from_str::<ApprovalRules>(&more).is_err());
    }
}
