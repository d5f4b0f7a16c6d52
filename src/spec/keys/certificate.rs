//! `[certificate.NAME]`.

use super::row::{Key, Section, Shape};
use super::safeguards::PREVENT_OF_IDENTITY;
use super::shapes::{ENSURE, LENGTH, MOMENT, PATH, VARIABLE, text_up_to, word};
use super::sources::{APPLICATION_POLICY, ERROR_CODES};

/// The keys of `[certificate.NAME]` that say how it is made.
pub const CERTIFICATE_MAKING: &[&str] = &[
    "directory",
    "common_name",
    "key_size",
    "valid_from",
    "valid_for",
    "valid_until",
    "rotate_before",
    "overlap",
    "pfx_compatibility",
];

/// `[certificate.NAME]`.
pub const CERTIFICATE: &Section = &Section {
    id: "certificate",
    title: "[certificate.NAME]",
    place: "in `[certificate.NAME]`",
    about: "A certificate that is made and renewed here, or one that was issued elsewhere",
    keys: &[
        Key::new("ensure", ENSURE, "whether it is to be there")
            .default("\"present\"")
            .note("`\"absent\"` deletes its files; that takes no password.")
            .example("\"absent\""),
        Key::new(
            "existing",
            PATH,
            "one that was issued elsewhere: a `.pfx`, or a PEM with key and certificate",
        )
        .otherwise("made here")
        .note("It is read and never written, and excludes all keys below but `password_env`.")
        .example("\"corporate.pfx\""),
        Key::new("directory", PATH, "where the files are")
            .default("\"certificates\"")
            .note("The default lies beside the spec that was named, whichever file this is.")
            .example("\".auditform/certificates\""),
        Key::new(
            "common_name",
            text_up_to(64),
            "`CN=` of subject and issuer, at most 64 characters",
        )
        .otherwise("`auditform NAME`")
        .example("\"Contoso audit\""),
        Key::new("key_size", Shape::Numbers(&[2048, 3072, 4096]), "size of the RSA key")
            .unit("bits")
            .default("2048")
            .note("Entra refuses keys below 2048 bits (AADSTS50032).")
            .example("3072")
            .source(ERROR_CODES),
        Key::new("valid_from", MOMENT, "its beginning")
            .otherwise("when it is made")
            .example("\"2026-12-01\""),
        Key::new("valid_for", LENGTH, "how long it lives")
            .unit("d, h, m or s")
            .default("\"365d\"")
            .note(
                "Beyond 365 days is a warning, beyond 731 an error; a tenant's policy for \
                 applications may allow less.",
            )
            .example("\"180d\"")
            .source(APPLICATION_POLICY),
        Key::new(
            "valid_until",
            MOMENT,
            "its end, instead of `valid_for`; a day is taken to its end",
        )
        .example("\"2027-11-30\""),
        Key::new("rotate_before", LENGTH, "how long before its end a new one is made")
            .unit("d, h, m or s")
            .otherwise("a third of its life")
            .example("\"30d\""),
        Key::new("overlap", LENGTH, "how long the old one stays registered after that")
            .unit("d, h, m or s")
            .otherwise("`\"7d\"`, at most `rotate_before`")
            .example("\"7d\""),
        Key::new(
            "password_env",
            VARIABLE,
            "the environment variable that holds the password of the `.pfx`",
        )
        .otherwise("no password")
        .note("Never the password itself: a spec goes to Git.")
        .example("\"AUDITFORM_PFX_PASSWORD\""),
        Key::new(
            "pfx_compatibility",
            Shape::Words(&[
                word("modern", "AES-256"),
                word("legacy", "3DES and SHA-1, for old readers"),
            ]),
            "how the `.pfx` is encrypted: AES-256, or 3DES and SHA-1 for old readers",
        )
        .default("\"modern\"")
        .example("\"legacy\""),
        PREVENT_OF_IDENTITY,
    ],
};
