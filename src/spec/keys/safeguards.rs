//! `[approval]`, `[limits]`, a limit as a table, and `prevent` of every resource: what a plan may not
//! do without being told to, and who has to have read it.

use super::row::{Alternative, Key, List, Section, Shape};
use super::shapes::{LENGTH, form, some, word};

/// The key `prevent`, which every resource has.
pub(super) const PREVENT: &str = "prevent";
const PREVENTED: &str = "what no plan may do to it, unless `--allow prevent=ADDRESS` lifts that for \
                         one run";
const OF_IDENTITY: List = some(
    "list of `\"delete\"`, `\"change\"`",
    Shape::Words(&[
        word("delete", "that it is deleted"),
        word("change", "that anything of it changes or goes that is there, in a renewal too"),
    ]),
);
const OF_AUDITING: List = some(
    "list of `\"weaken\"`, `\"change\"`",
    Shape::Words(&[
        word("weaken", "that less is recorded, or kept for less long"),
        word("change", "that anything of it changes"),
    ]),
);

/// `prevent` of a certificate or an application.
pub(super) const PREVENT_OF_IDENTITY: Key =
    Key::new(PREVENT, Shape::List(&OF_IDENTITY), PREVENTED).example("[\"delete\"]");
/// `prevent` of a switch of the tenant, or of a policy and its mailboxes.
pub(super) const PREVENT_OF_AUDITING: Key =
    Key::new(PREVENT, Shape::List(&OF_AUDITING), PREVENTED).example("[\"weaken\"]");

const SIGNERS: List = some(
    "list of public keys",
    form(
        "public key",
        r"^\s*((ssh-ed25519|sk-ssh-ed25519@openssh\.com|ecdsa-sha2-nistp256|sk-ecdsa-sha2-nistp256@openssh\.com)\s+AAAA[A-Za-z0-9+/]+=*(\s|$)|-----BEGIN PUBLIC KEY-----)",
    ),
);

/// `[approval]`.
pub const APPROVAL: &Section = &Section {
    id: "approval",
    title: "[approval]",
    place: "in `[approval]`",
    about: "Who has to sign a plan before it is applied. Left out, nobody has to",
    keys: &[
        Key::new(
            "signers",
            Shape::List(&SIGNERS),
            "who may approve: the line of a `.pub` file, with the signer's name at its end, or a \
             public key in PEM (Ed25519)",
        )
        .required()
        .note(
            "Kinds: `ssh-ed25519`, `ecdsa-sha2-nistp256`, and both in a security key \
             (`sk-ssh-ed25519@openssh.com`, `sk-ecdsa-sha2-nistp256@openssh.com`).",
        )
        .example(
            "[\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMOPnWCzAYwcOecG0NimkTdAUXnGReqrlUBfWG97zX+ \
             alice@contoso.com\"]",
        ),
        Key::new(
            "required",
            Shape::Integer(1, u32::MAX as i64),
            "how many different signers have to sign",
        )
        .default("1")
        .note(
            "Keys of one name belong to one signer, who counts once; a key without a name is a \
             signer by itself.",
        )
        .example("2"),
        Key::new(
            "expiry",
            LENGTH,
            "how long an approval holds, from the time inside the signature; at most `30d`",
        )
        .unit("d, h, m or s")
        .default("\"24h\"")
        .example("\"24h\""),
    ],
};

pub(super) const SHARE: Shape = form("share", r"^(0*[0-9]{1,2}(\.[0-9]{1,4})?|0*100(\.0{1,4})?)%$");
pub(super) const COUNT: Shape = Shape::Integer(0, i64::MAX);
const BOUND: Shape = Shape::Either(&[
    Alternative { shape: COUNT, about: "at most so many; 0 allows none" },
    Alternative { shape: SHARE, about: "at most so large a part" },
    Alternative {
        shape: Shape::Table(LIMIT),
        about: "neither more than the one nor more than the other",
    },
]);

/// `[limits]`.
pub const LIMITS: &Section = &Section {
    id: "limits",
    title: "[limits]",
    place: "in `[limits]`",
    about: "What a plan may not exceed. A plan that does is shown, refused with exit code 3 and not \
            applied, unless `--allow` lifts the limit for one run",
    keys: &[
        Key::new("changed", BOUND, "mailboxes that change")
            .otherwise("no limit")
            .note(
                "A share is one of the managed mailboxes: those that change and those that need \
                 nothing.",
            )
            .example("\"30%\""),
        Key::new(
            "weakening",
            BOUND,
            "changes that record less than before, or keep it for less long: all whose `weakens` the \
             plan lists, mailboxes and switches of the tenant",
        )
        .otherwise("no limit")
        .note("A share is one of the managed mailboxes.")
        .example("{ count = 5, share = \"0.5%\" }"),
        Key::new(
            "deletions",
            BOUND,
            "objects that are deleted: files of certificates, applications and what hangs on them",
        )
        .otherwise("no limit")
        .note(
            "A certificate that was renewed is taken off its application in the end, which is one. A \
             share is one of all managed objects.",
        )
        .example("0"),
        Key::new(
            "minimum_population",
            Shape::Integer(0, i64::MAX),
            "shares are judged from so many mailboxes (for `deletions`: objects) on",
        )
        .unit("mailboxes")
        .default("10")
        .note("Below it only numbers hold, so a small tenant wants those as well.")
        .example("25"),
        Key::new(
            "canary",
            Shape::Integer(1, i64::MAX),
            "how many mailboxes are written first and read back before the rest",
        )
        .unit("mailboxes")
        .example("25"),
    ],
};

/// A limit as a table.
pub const LIMIT: &Section = &Section {
    id: "limit",
    title: "a limit as a table",
    place: "in a limit",
    about: "A number, a share, or both, each of which holds by itself",
    keys: &[
        Key::new("count", COUNT, "at most so many").otherwise("no such limit").example("50"),
        Key::new("share", SHARE, "at most so large a part")
            .otherwise("no such limit")
            .note("From `\"0%\"` to `\"100%\"`, with at most four decimals.")
            .example("\"10%\""),
    ],
};
