//! Addresses that look like people, rooms and things. A number in, the local part of an address
//! out; different numbers of one type always give different addresses, so that a million can be
//! made without remembering any. No randomness: the caller passes an offset.

use super::recipient::RecipientType;

const FIRST: [&str; 64] = [
    "maria", "james", "aisha", "chen", "olga", "peter", "fatima", "lukas", "ines", "daniel",
    "sofia", "omar", "hanna", "mateo", "priya", "noah", "yuki", "elena", "david", "amara", "jonas",
    "leila", "marco", "grace", "tomas", "nadia", "oliver", "mei", "samuel", "ingrid", "rafael",
    "anna", "victor", "zoe", "henrik", "carla", "ivan", "julia", "kofi", "laura", "martin", "nora",
    "pablo", "quentin", "rosa", "stefan", "tessa", "umar", "vera", "walter", "xenia", "yusuf",
    "zahra", "adam", "bianca", "cedric", "diana", "erik", "freya", "george", "helen", "isaac",
    "jana", "karl",
];

const LAST: [&str; 81] = [
    "lopez",
    "smith",
    "okafor",
    "wang",
    "petrov",
    "muller",
    "haddad",
    "novak",
    "costa",
    "kim",
    "rossi",
    "farah",
    "larsen",
    "garcia",
    "sharma",
    "brown",
    "tanaka",
    "popescu",
    "cohen",
    "mensah",
    "weber",
    "karimi",
    "bianchi",
    "taylor",
    "dvorak",
    "benali",
    "wright",
    "zhang",
    "adeyemi",
    "berg",
    "silva",
    "kowalski",
    "moreau",
    "clarke",
    "nilsson",
    "santos",
    "ivanov",
    "fischer",
    "asante",
    "martin",
    "keller",
    "jansen",
    "ruiz",
    "dubois",
    "romano",
    "horvat",
    "visser",
    "rahman",
    "sokolova",
    "baker",
    "lindgren",
    "demir",
    "ahmadi",
    "evans",
    "conti",
    "laurent",
    "ionescu",
    "dahl",
    "hughes",
    "papadakis",
    "walsh",
    "meyer",
    "svoboda",
    "wagner",
    "abebe",
    "bakker",
    "castro",
    "diaz",
    "eriksson",
    "ferrari",
    "gruber",
    "hansen",
    "ito",
    "jensen",
    "khan",
    "lehmann",
    "mbeki",
    "nagy",
    "oconnor",
    "patel",
    "quinn",
];

const SHARED: [&str; 24] = [
    "finance",
    "support",
    "sales",
    "info",
    "hr",
    "careers",
    "billing",
    "legal",
    "press",
    "reception",
    "procurement",
    "payroll",
    "helpdesk",
    "orders",
    "returns",
    "privacy",
    "security",
    "events",
    "marketing",
    "training",
    "facilities",
    "invoices",
    "contracts",
    "travel",
];

const ROOM: [&str; 20] = [
    "oslo", "lisbon", "kyoto", "nairobi", "quito", "athens", "dublin", "hanoi", "cusco", "vienna",
    "turin", "malmo", "izmir", "porto", "ghent", "leeds", "graz", "sofia", "tallinn", "zagreb",
];

const EQUIPMENT: [&str; 10] = [
    "projector",
    "van",
    "camera",
    "laptop-pool",
    "3d-printer",
    "whiteboard",
    "forklift",
    "drone",
    "microscope",
    "speakerphone",
];

const BOOKINGS: [&str; 8] = [
    "book-interview",
    "book-consulting",
    "book-vaccination",
    "book-onboarding",
    "book-it-desk",
    "book-photo",
    "book-tour",
    "book-repair",
];

const TEAM: [&str; 8] = [
    "site-phoenix",
    "site-atlas",
    "site-orion",
    "site-merger",
    "site-audit",
    "site-intranet",
    "site-relocation",
    "site-budget",
];

const GROUP: [&str; 12] = [
    "all-staff",
    "project-falcon",
    "engineering",
    "book-club",
    "works-council",
    "research",
    "field-sales",
    "it-operations",
    "green-team",
    "leadership",
    "design",
    "data-platform",
];

/// How many people there are before names repeat with a number.
const PEOPLE: usize = FIRST.len() * LAST.len();

/// The local part of number `number` of a type. `offset` turns the order of people around.
pub(crate) fn local_part(kind: RecipientType, number: usize, offset: usize) -> String {
    match kind {
        RecipientType::User => person(number, offset, ""),
        RecipientType::Linked => person(number, offset, ".ext"),
        RecipientType::Legacy => person(number, offset, ".old"),
        RecipientType::Shared => thing(&SHARED, number),
        RecipientType::Room => numbered("room", &ROOM, number),
        RecipientType::LinkedRoom => numbered("branch", &ROOM, number),
        RecipientType::Equipment => {
            let (word, round) = (EQUIPMENT[number % EQUIPMENT.len()], number / EQUIPMENT.len());
            format!("{word}-{}", round + 1)
        }
        RecipientType::Scheduling => thing(&BOOKINGS, number),
        RecipientType::Discovery => format!("discoverysearch-{}", number + 1),
        RecipientType::Team => thing(&TEAM, number),
        RecipientType::Group => thing(&GROUP, number),
    }
}

/// Steps through all pairs with a stride that has no factor in common with their number.
fn person(number: usize, offset: usize, suffix: &str) -> String {
    const STRIDE: usize = 3_323;
    let pair = (number % PEOPLE * STRIDE + offset) % PEOPLE;
    let (first, last) = (FIRST[pair % FIRST.len()], LAST[pair / FIRST.len()]);
    match number / PEOPLE {
        0 => format!("{first}.{last}{suffix}"),
        round => format!("{first}.{last}{suffix}{}", round + 1),
    }
}

fn thing(words: &[&str], number: usize) -> String {
    match (words[number % words.len()], number / words.len()) {
        (word, 0) => word.to_owned(),
        (word, round) => format!("{word}-{}", round + 1),
    }
}

fn numbered(prefix: &str, words: &[&str], number: usize) -> String {
    format!("{prefix}-{}-{}", words[number % words.len()], 100 + number / words.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_addresses_of_a_tenant_are_equal() {
        let mut seen = BTreeSet::new();
        for kind in RecipientType::ALL {
            for number in 0..12_000 {
                let name = local_part(kind, number, 77);
                assert!(seen.insert(name.clone()), "{name} twice");
            }
        }
    }
}
