//! What the tests of this folder share: one certificate, since a key takes half a second to make.

#![expect(clippy::unwrap_used, clippy::disallowed_types, reason = "tests share slow keys")]

use std::sync::OnceLock;

use super::{Issued, KeySize, Recipe, issue};

/// A year from 2026-11-23.
pub(super) fn recipe() -> Recipe {
    Recipe {
        common_name: "Auditform".to_owned(),
        key_size: KeySize::Rsa2048,
        not_before: "2026-11-23T12:00:00Z".parse().unwrap(),
        not_after: "2027-11-23T12:00:00Z".parse().unwrap(),
    }
}

/// The certificate that most tests take.
pub(super) fn shared() -> &'static Issued {
    static SHARED: OnceLock<Issued> = OnceLock::new();
    SHARED.get_or_init(|| issue(&recipe()).unwrap())
}

/// Another one, for rotations and mistakes.
pub(super) fn other() -> &'static Issued {
    static OTHER: OnceLock<Issued> = OnceLock::new();
    OTHER.get_or_init(|| issue(&recipe()).unwrap())
}
