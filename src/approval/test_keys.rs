//! Keys for the tests of this module, made of fixed seeds: nobody signs anything else with them.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use ssh_key::private::Ed25519Keypair;

use super::key::SignerKey;
use super::private_key::PrivateKey;
use super::rules::Signer;

pub(super) const ALICE: u8 = 1;
pub(super) const BOB: u8 = 2;
pub(super) const CAROL: u8 = 3;

pub(super) fn private_key(seed: u8) -> PrivateKey {
    let pair = ssh_key::PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
    let text = pair.to_openssh(ssh_key::LineEnding::LF).unwrap();
    PrivateKey::read(&text, None).unwrap()
}

pub(super) fn public_key(seed: u8) -> SignerKey {
    private_key(seed).public().clone()
}

/// Without a name where it is empty.
pub(super) fn signer(seed: u8, name: &str) -> Signer {
    Signer { key: public_key(seed), name: Some(name.to_owned()).filter(|name| !name.is_empty()) }
}
