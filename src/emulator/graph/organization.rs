//! `/organization`: the tenant itself.

use axum::http::Method;
use serde_json::{Value, json};

use super::Call;
use super::caller::READ_ORGANIZATION;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::Segment;
use crate::emulator::message::Answer;

const KIND: Kind =
    Kind { set: "organization", resource: "Organization", filterable: &["id"], hidden: &[] };

pub(crate) fn run(call: &Call<'_>, rest: &[Segment]) -> Result<Answer, Failure> {
    call.caller.needs(READ_ORGANIZATION)?;
    match (rest, &call.method) {
        ([], &Method::GET) => listing::page(call, &KIND, vec![shown(call)]),
        ([id], &Method::GET) if id.name == call.service.tenant.id.to_string() => {
            listing::one(call, &KIND, &shown(call))
        }
        ([id], &Method::GET) => Err(Failure::not_found(&id.name)),
        _ => Err(Failure::method_not_allowed()),
    }
}

fn shown(call: &Call<'_>) -> Value {
    let tenant = &call.service.tenant;
    let name = tenant.organization.split('.').next().unwrap_or_default();
    json!({
        "id": tenant.id,
        "deletedDateTime": null,
        "businessPhones": [],
        "city": null,
        "country": null,
        "countryLetterCode": null,
        "createdDateTime": null,
        "displayName": name,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": null,
        "onPremisesSyncEnabled": null,
        "postalCode": null,
        "preferredLanguage": "en",
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": null,
        "street": null,
        "technicalNotificationMails": [],
        "tenantType": "AAD",
        "assignedPlans": [],
        "provisionedPlans": [],
        "privacyProfile": null,
        "verifiedDomains": [{
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": true,
            "isInitial": true,
            "name": tenant.organization,
            "type": "Managed",
        }],
    })
}
