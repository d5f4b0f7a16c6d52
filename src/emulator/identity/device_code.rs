//! Device codes (RFC 8628; Entra docs, "device authorization grant"): who was given one, for what,
//! and what the administrator said. Polls and answers go in; a consent, or the refusal that makes
//! a client wait or stop, comes out. Time is the emulator's; a restart forgets them.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::published::{
    ALREADY_ANSWERED, AUTHORIZATION_DECLINED, AUTHORIZATION_PENDING, BAD_VERIFICATION_CODE,
    CODE_EXPIRED, NO_USER_CODE, Published, REDEEMED,
};
use super::scope::Consent;

/// Seconds, as published.
pub(crate) const LIFETIME: i64 = 900;
/// Seconds for which a code is remembered, so that a late poll learns what became of it.
const MEMORY: i64 = 4 * LIFETIME;
/// Letters that are not taken for digits.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Who answers when a program asks for a device code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceApproval {
    /// Somebody at `/_emulator/device`.
    #[default]
    Ask,
    /// The emulator says yes to this poll and later ones.
    ApproveAfter(u32),
    /// The emulator says no.
    Decline,
    /// Nobody, and the code expires before its first poll.
    Expire,
}

impl FromStr for DeviceApproval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ask" => Ok(Self::Ask),
            "decline" => Ok(Self::Decline),
            "expire" => Ok(Self::Expire),
            _ => text
                .strip_prefix("approve-after:")
                .and_then(|polls| polls.parse().ok())
                .map(Self::ApproveAfter)
                .ok_or_else(|| "write ask, approve-after:POLLS, decline or expire".to_owned()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct DeviceCodes {
    approval: DeviceApproval,
    /// Seconds between polls, as clients are told.
    pub(crate) interval: u64,
    /// By device code.
    pending: Mutex<BTreeMap<String, Pending>>,
}

#[derive(Clone, Debug)]
struct Pending {
    user_code: String,
    client_id: String,
    consent: Consent,
    issued: Timestamp,
    polls: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Approved,
    Declined,
    Redeemed,
}

/// The two codes: the program keeps one and shows the other.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
}

impl DeviceCodes {
    pub(crate) fn new(approval: DeviceApproval, interval: u64) -> Self {
        Self { approval, interval, pending: Mutex::default() }
    }

    fn pending(&self) -> MutexGuard<'_, BTreeMap<String, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn issue(&self, client_id: &str, consent: Consent, now: Timestamp) -> Codes {
        let mut pending = self.pending();
        pending.retain(|_, known| age(known, now) < MEMORY);
        let device_code = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let random = Uuid::new_v4();
        let letters = random.as_bytes().iter().take(9).map(|byte| {
            let place = usize::from(*byte) % LETTERS.len();
            char::from(LETTERS[place])
        });
        let user_code: String = letters.collect();
        let fresh = Pending {
            user_code: user_code.clone(),
            client_id: client_id.to_owned(),
            consent,
            issued: now,
            polls: 0,
            state: State::Waiting,
        };
        pending.insert(device_code.clone(), fresh);
        Codes { device_code, user_code }
    }

    /// What a program is told that asks whether it may go on.
    pub(crate) fn poll(
        &self,
        client_id: &str,
        device_code: &str,
        now: Timestamp,
    ) -> Result<Consent, Published> {
        let mut pending = self.pending();
        let known = pending.get_mut(device_code).ok_or(BAD_VERIFICATION_CODE)?;
        if !known.client_id.eq_ignore_ascii_case(client_id) {
            return Err(BAD_VERIFICATION_CODE);
        }
        known.polls += 1;
        if known.state == State::Waiting {
            match self.approval {
                DeviceApproval::Expire => return Err(CODE_EXPIRED),
                DeviceApproval::Decline => known.state = State::Declined,
                DeviceApproval::ApproveAfter(polls) if known.polls >= polls => {
                    known.state = State::Approved;
                }
                DeviceApproval::ApproveAfter(_) | DeviceApproval::Ask => {}
            }
        }
        match known.state {
            State::Redeemed => Err(REDEEMED),
            _ if age(known, now) > LIFETIME => Err(CODE_EXPIRED),
            State::Waiting => Err(AUTHORIZATION_PENDING),
            State::Declined => Err(AUTHORIZATION_DECLINED),
            State::Approved => {
                known.state = State::Redeemed;
                Ok(known.consent.clone())
            }
        }
    }

    /// The administrator's answer to the program that shows `user_code`.
    pub(crate) fn answer(
        &self,
        user_code: &str,
        approve: bool,
        now: Timestamp,
    ) -> Result<(), Published> {
        let said: String = user_code.chars().filter(char::is_ascii_alphanumeric).collect();
        if said.is_empty() {
            return Err(NO_USER_CODE);
        }
        let mut pending = self.pending();
        let mut known = pending.values_mut();
        let known = known.find(|it| it.user_code.eq_ignore_ascii_case(&said));
        let known = known.ok_or(BAD_VERIFICATION_CODE)?;
        if age(known, now) > LIFETIME {
            return Err(CODE_EXPIRED);
        }
        if known.state != State::Waiting {
            return Err(ALREADY_ANSWERED);
        }
        known.state = if approve { State::Approved } else { State::Declined };
        Ok(())
    }
}

fn age(pending: &Pending, now: Timestamp) -> i64 {
    now.as_second() - pending.issued.as_second()
}
