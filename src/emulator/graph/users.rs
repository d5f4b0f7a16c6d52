//! `/users`: who can own an application. The directory has one person, its administrator. Source:
//! the page of "Get a user", with the properties that it returns by default.

use axum::http::Method;

use super::caller::READ_USERS;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::{Key, Segment};
use super::{Call, addressed, shown};
use crate::emulator::message::Answer;

const KIND: Kind = Kind {
    set: "users",
    resource: "User",
    filterable: &["id", "displayName", "userPrincipalName"],
    hidden: &[],
};

pub(crate) fn run(call: &Call<'_>, key: Option<&Key>, rest: &[Segment]) -> Result<Answer, Failure> {
    call.caller.needs(READ_USERS)?;
    let user = &call.service.administrator;
    match (addressed::split(key, rest), &call.method) {
        ((None, []), &Method::GET) => listing::page(call, &KIND, vec![shown::user(user)]),
        ((Some(key), []), &Method::GET) => {
            let is_meant = key.value == user.id.to_string()
                || key.value.eq_ignore_ascii_case(&user.user_principal_name);
            if is_meant {
                listing::one(call, &KIND, &shown::user(user))
            } else {
                Err(Failure::not_found(&key.value))
            }
        }
        ((_, []), _) => Err(Failure::method_not_allowed()),
        ((_, [next, ..]), _) => Err(Failure::no_such_segment(&next.name)),
    }
}
