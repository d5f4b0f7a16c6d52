//! `--allow`: what one run may do beyond its safeguards. Text in; an allowance out, or what is wrong
//! with the text.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bound, LimitClass};
use crate::diagnostic::nearest;

/// What one run may do beyond its safeguards. It lifts one of them and tightens none.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "allows", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum Allowance {
    /// `organization-weakening`: a switch of the tenant may be turned off.
    OrganizationWeakening,
    /// `weakening=40`, `changed=50%`, `deletions=3`: so much of a class, whatever its limit.
    Limit {
        /// Of which class.
        class: LimitClass,
        /// How much.
        up_to: Bound,
    },
    /// `prevent=ADDRESS`: what `prevent` of that resource forbids.
    Prevent {
        /// The resource.
        #[schemars(length(min = 1))]
        address: String,
    },
}

const SWITCHES: &str = "organization-weakening";
const PREVENT: &str = "prevent";

impl fmt::Display for Allowance {
    /// As it is written on the command line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrganizationWeakening => formatter.write_str(SWITCHES),
            Self::Limit { class, up_to } => write!(formatter, "{}={up_to}", class.name()),
            Self::Prevent { address } => write!(formatter, "{PREVENT}={address}"),
        }
    }
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        if name == SWITCHES {
            return match value {
                None => Ok(Self::OrganizationWeakening),
                Some(_) => Err(format!("it takes no value: `{SWITCHES}`")),
            };
        }
        let value = value.unwrap_or_default();
        if name == PREVENT {
            return match value {
                "" => Err(format!("of which resource? `{PREVENT}=application.audit`")),
                address => Ok(Self::Prevent { address: address.to_owned() }),
            };
        }
        let Some(class) = LimitClass::ALL.into_iter().find(|class| class.name() == name) else {
            return Err(unknown(name));
        };
        match (value, Bound::parse(value)) {
            (_, Some(up_to)) => Ok(Self::Limit { class, up_to }),
            ("", None) => Err(format!("how much? `{name}=40` or `{name}=10%`")),
            (_, None) => Err(format!(
                "`{value}` is neither a number nor a share: `{name}=40` or `{name}=10%`"
            )),
        }
    }
}

fn unknown(name: &str) -> String {
    let classes = LimitClass::ALL.map(LimitClass::name);
    let names = || [SWITCHES, PREVENT].into_iter().chain(classes);
    match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("what can be allowed is: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn an_allowance_survives_its_text() {
        let all = ["organization-weakening", "weakening=40", "changed=50%", "deletions=0"];
        for text in all.into_iter().chain(["prevent=application.audit", "prevent=organization"]) {
            let allowance: Allowance = text.parse().unwrap();
            assert_eq!(allowance.to_string(), text);
            let json = serde_json::to_string(&allowance).unwrap();
            assert_eq!(serde_json::from_str::<Allowance>(&json).unwrap(), allowance);
        }
    }

    #[test]
    fn what_cannot_be_allowed_is_told_with_the_nearest_name() {
        let wrong = |text: &str| text.parse::<Allowance>().unwrap_err();
        assert_eq!(wrong("weakning=4"), "did you mean `weakening`?");
        assert_eq!(wrong("organisation-weakening"), "did you mean `organization-weakening`?");
        assert_eq!(
            wrong("everything"),
            "what can be allowed is: organization-weakening, prevent, changed, weakening, deletions"
        );
        assert_eq!(wrong("weakening"), "how much? `weakening=40` or `weakening=10%`");
        assert_eq!(
            wrong("changed=-1"),
            "`-1` is neither a number nor a share: `changed=40` or `changed=10%`"
        );
        assert_eq!(wrong("prevent"), "of which resource? `prevent=application.audit`");
        let switches = wrong("organization-weakening=2");
        assert_eq!(switches, "it takes no value: `organization-weakening`");
    }
}
