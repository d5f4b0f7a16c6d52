//! The lease that an apply holds on its tenant, as a value: who holds it, until when, and whether it still
//! counts. Who keeps it and who renews it is decided in `ops`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::journal::Actor;

/// A change of the shape that a reader could trip over raises the first number, any other the second.
const FORMAT_VERSION: &str = "1.0";

/// How long a lease counts that nobody renews.
const LIFE: SignedDuration = SignedDuration::from_secs(60);

/// How old a lease becomes before it is renewed. It counts for 45 s at least at any time, which is how much
/// the clocks of two machines may differ.
const RENEWED_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// The right to change a tenant, which one apply has at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The version of this format.
    pub format_version: String,
    /// Tells one holding from the next.
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: Uuid,
    /// Its initial domain.
    pub organization: String,
    /// Who holds it.
    pub owner: Actor,
    /// What the kernel of the owner's machine calls the time since it started, where it has a name for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The run that is carried out under it, once it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When it was taken.
    pub acquired_at: Timestamp,
    /// When its owner was last known to be there.
    pub renewed_at: Timestamp,
    /// When it stops to count, unless it is renewed.
    pub expires_at: Timestamp,
    /// Who took it away from its owner, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// Who took a lease away from its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
}

/// Why a file is no lease.
#[derive(Debug, thiserror::Error)]
pub enum NoLease {
    /// It is damaged, or something else.
    #[error("it is no lease: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A newer release wrote it.
    #[error("its format is {0}, and this release reads up to {FORMAT_VERSION}")]
    TooNew(String),
}

/// The machine that a lease is looked at from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub host: Option<String>,
    /// When it was started.
    pub boot: Option<Boot>,
}

/// The last start of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// What its kernel calls it.
    pub id: String,
    /// When it was.
    pub at: Timestamp,
}

/// Whether a lease counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does.
    Held,
    /// It was broken, and its owner is still about to end.
    Ending,
    /// It was broken.
    Broken,
    /// Its owner ran on this machine and is dead.
    OwnerDead,
    /// Nobody has renewed it in time.
    Expired,
}

impl Standing {
    /// Whether another apply may take it over.
    pub fn is_free(self) -> bool {
        matches!(self, Self::Broken | Self::OwnerDead | Self::Expired)
    }

    /// The standing in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Ending => "broken, and its owner is about to end",
            Self::Broken => "broken",
            Self::OwnerDead => "left behind: its owner is dead",
            Self::Expired => "expired",
        }
    }
}

impl Lease {
    /// Takes a tenant from now on.
    pub fn begin(
        tenant_id: Uuid,
        organization: &str,
        owner: Actor,
        boot_id: Option<String>,
        now: Timestamp,
    ) -> Self {
        let lease = Self {
            format_version: FORMAT_VERSION.to_owned(),
            id: Uuid::new_v4(),
            tenant_id,
            organization: organization.to_owned(),
            owner,
            boot_id,
            run: None,
            acquired_at: now,
            renewed_at: now,
            expires_at: now,
            broken: None,
        };
        lease.renewed(now)
    }

    /// The same, good for its life from now on.
    #[must_use]
    pub fn renewed(&self, now: Timestamp) -> Self {
        let expires_at = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        Self { renewed_at: now, expires_at, ..self.clone() }
    }

    /// Whether it is time to renew it. A clock that was set back makes it so too.
    pub fn is_to_renew(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.renewed_at);
        age >= RENEWED_AFTER || age < SignedDuration::ZERO
    }

    /// Reads one.
    pub fn read(bytes: &[u8]) -> Result<Self, NoLease> {
        #[derive(Deserialize)]
        struct Kind {
            format_version: String,
        }
        let kind: Kind = serde_json::from_slice(bytes)?;
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&kind.format_version) != major(FORMAT_VERSION) {
            return Err(NoLease::TooNew(kind.format_version));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Whether it counts, looked at from a machine. `is_locked` tells whether a living process of that
    /// machine holds the file lock; `unchanged_for` how long it was watched without being renewed, which
    /// needs no clock that two machines agree on.
    pub fn standing(
        &self,
        here: &Machine,
        is_locked: bool,
        now: Timestamp,
        unchanged_for: SignedDuration,
    ) -> Standing {
        if self.broken.is_some() {
            return if is_locked { Standing::Ending } else { Standing::Broken };
        }
        if is_locked {
            Standing::Held
        } else if self.was_held_on(here) {
            Standing::OwnerDead
        } else if now >= self.expires_at || unchanged_for >= LIFE {
            Standing::Expired
        } else {
            Standing::Held
        }
    }

    /// Whether the file lock of this machine would tell of the owner. The name of a machine proves little:
    /// one that was started anew has not renewed a lease since, and another one of that name may have.
    fn was_held_on(&self, here: &Machine) -> bool {
        let is_named_so = self.owner.host.is_some() && self.owner.host == here.host;
        let is_it = match (&self.boot_id, &here.boot) {
            (Some(boot_id), Some(boot)) => *boot_id == boot.id || self.renewed_at < boot.at,
            _ => true,
        };
        is_named_so && is_it
    }

    /// How far the owner's clock is ahead of ours, as far as that shows.
    pub fn is_ahead_by(&self, now: Timestamp) -> Option<SignedDuration> {
        let ahead = self.renewed_at.duration_since(now);
        (ahead >= SignedDuration::from_secs(1)).then_some(ahead)
    }
}

/// A lease that lies beside a spec, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLease {
    /// The id of its tenant, as it is kept under.
    pub name: String,
    /// What it says, and whether it counts; or why it cannot be read.
    pub lease: Result<(Lease, Standing), String>,
}

impl KeptLease {
    /// Whether it is of this tenant, which is named by its id or by its initial domain.
    pub fn is_of(&self, tenant: &str) -> bool {
        let organization = self.lease.as_ref().ok().map(|(lease, _)| lease.organization.as_str());
        self.name.eq_ignore_ascii_case(tenant)
            || organization.is_some_and(|name| name.eq_ignore_ascii_case(tenant))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        "2026-11-23T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
    }

    fn machine(host: &str, boot: &str, started: i64) -> Machine {
        let boot = Boot { id: boot.to_owned(), at: at(started) };
        Machine { host: Some(host.to_owned()), boot: Some(boot) }
    }

    /// A lease of `one`, which was started as `a`, taken at the second 0.
    fn lease() -> Lease {
        let owner = Actor { user: None, host: Some("one".to_owned()), process: 7 };
        Lease::begin(Uuid::from_u128(1), "contoso", owner, Some("a".to_owned()), at(0))
    }

    fn seen_from(lease: &Lease, here: &Machine, is_locked: bool, second: i64) -> Standing {
        lease.standing(here, is_locked, at(second), SignedDuration::ZERO)
    }

    #[test]
    fn on_one_machine_the_file_lock_alone_tells_whether_the_owner_lives() {
        let here = machine("one", "a", -100);
        assert_eq!(seen_from(&lease(), &here, true, 1), Standing::Held);
        assert_eq!(seen_from(&lease(), &here, true, 100_000), Standing::Held);
        assert_eq!(seen_from(&lease(), &here, false, 1), Standing::OwnerDead);
    }

    #[test]
    fn a_lease_of_another_machine_counts_until_it_expires_and_renewing_puts_that_off() {
        let here = machine("two", "b", -100);
        assert_eq!(seen_from(&lease(), &here, false, 59), Standing::Held);
        assert_eq!(seen_from(&lease(), &here, false, 60), Standing::Expired);
        let renewed = lease().renewed(at(15));
        assert_eq!(seen_from(&renewed, &here, false, 74), Standing::Held);
        assert_eq!(seen_from(&renewed, &here, false, 75), Standing::Expired);
    }

    #[test]
    fn a_machine_that_was_started_anew_is_told_from_another_one_of_its_name() {
        let restarted = machine("one", "b", 5);
        assert_eq!(seen_from(&lease(), &restarted, false, 20), Standing::OwnerDead);
        let namesake = machine("one", "b", -100);
        assert_eq!(seen_from(&lease(), &namesake, false, 20), Standing::Held);
        let without_boot = Machine { boot: None, ..namesake };
        assert_eq!(seen_from(&lease(), &without_boot, false, 20), Standing::OwnerDead);
        let nameless = Machine { host: None, boot: None };
        assert_eq!(seen_from(&lease(), &nameless, false, 20), Standing::Held);
    }

    #[test]
    fn a_lease_from_the_future_ends_when_it_was_watched_for_its_life_and_not_renewed() {
        let (here, ahead) = (machine("two", "b", -100), lease().renewed(at(1000)));
        let watched =
            |seconds| ahead.standing(&here, false, at(seconds), SignedDuration::from_secs(seconds));
        assert_eq!(watched(59), Standing::Held);
        assert_eq!(watched(60), Standing::Expired);
        assert_eq!(ahead.is_ahead_by(at(900)), Some(SignedDuration::from_secs(100)));
        assert_eq!(lease().is_ahead_by(at(1)), None);
    }

    #[test]
    fn a_broken_lease_is_free_once_its_owner_is_gone() {
        let by = lease().owner;
        let broken = Lease { broken: Some(Broken { at: at(3), by }), ..lease() };
        for (here, is_locked, expected) in [
            (machine("one", "a", -100), true, Standing::Ending),
            (machine("one", "a", -100), false, Standing::Broken),
            (machine("two", "b", -100), false, Standing::Broken),
        ] {
            let standing = seen_from(&broken, &here, is_locked, 4);
            assert_eq!(standing, expected);
            assert_eq!(standing.is_free(), !is_locked);
        }
    }

    #[test]
    fn a_lease_is_renewed_every_quarter_of_its_life_and_when_the_clock_was_set_back() {
        let due: Vec<bool> =
            [0, 14, 15, -1].into_iter().map(|second| lease().is_to_renew(at(second))).collect();
        assert_eq!(due, [false, false, true, true]);
    }

    #[test]
    fn a_lease_is_read_as_it_was_written_and_a_newer_or_damaged_one_is_not_believed() {
        let lease = lease();
        let text = serde_json::to_string(&lease).unwrap();
        let read = |text: &str| Lease::read(text.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(read(&text), Ok(lease));
        let newer = text.replace("\"1.0\"", "\"2.3\"");
        assert_eq!(
            read(&newer).unwrap_err(),
            "its format is 2.3, and this release reads up to 1.0"
        );
        assert!(read("{\"format_version\":\"1.0\"}").unwrap_err().starts_with("it is no lease: "));
        assert!(read("").unwrap_err().starts_with("it is no lease: "));
    }
}
