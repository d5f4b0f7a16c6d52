//! The fields of a form, as the sign-in endpoints take them: an empty one counts as left out.

use super::refusal::Refusal;
use crate::emulator::message::Request;

pub(crate) struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        Self(&request.body)
    }

    pub(crate) fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.0)
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn required(&self, name: &str) -> Result<String, Refusal> {
        self.field(name).ok_or_else(|| Refusal::missing(name))
    }
}
