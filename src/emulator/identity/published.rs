//! The refusals whose words do not depend on the request (Entra docs, reference-error-codes), each
//! with its number, its `error` and its status: those that the endpoints give by themselves, and
//! all that a seed may ask for by number, so that what a client says of them can be tried.

use std::sync::atomic::{AtomicU32, Ordering};

use super::refusal::Refusal;

/// A published refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) code: u32,
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) text: &'static str,
}

const fn of(status: u16, error: &'static str, code: u32, text: &'static str) -> Published {
    Published { code, status, error, text }
}

pub(crate) const NO_CREDENTIAL: Published = of(
    401,
    "invalid_client",
    7_000_218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
);
pub(crate) const AUTHORIZATION_PENDING: Published = of(
    400,
    "authorization_pending",
    70016,
    "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
);
/// No number is published for a declined device code; this one is consent declined.
pub(crate) const AUTHORIZATION_DECLINED: Published =
    of(400, "authorization_declined", 65004, "User declined to consent to access the app.");
pub(crate) const BAD_VERIFICATION_CODE: Published = of(
    400,
    "bad_verification_code",
    70018,
    "Invalid verification code due to User typing in wrong user code for device code flow. Authorization isn't approved.",
);
pub(crate) const CODE_EXPIRED: Published =
    of(400, "expired_token", 70019, "Verification code expired. Have the user retry the sign-in.");
pub(crate) const REDEEMED: Published = of(
    400,
    "invalid_grant",
    54005,
    "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
);
pub(crate) const NO_USER_CODE: Published =
    of(400, "invalid_request", 90119, "The user code is null or empty.");
pub(crate) const ALREADY_ANSWERED: Published =
    of(400, "invalid_request", 90120, "The request was already authorized or declined.");
pub(crate) const PREAUTHORIZATION: Published = of(
    400,
    "invalid_grant",
    65002,
    "Consent between first party application and first party resource must be configured via preauthorization - applications owned and operated by Microsoft must get approval from the API owner before requesting tokens for that API.",
);
pub(crate) const BAD_EXTERNAL_SIGNATURE: Published = of(
    401,
    "invalid_client",
    50013,
    "Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]",
);
pub(crate) const NO_EXTERNAL_KEY: Published = of(
    401,
    "invalid_client",
    50013,
    "Assertion failed signature validation. [Reason - The key was not found.]",
);
pub(crate) const EXTERNAL_ALGORITHM: Published = of(
    401,
    "invalid_client",
    50013,
    "Assertion failed signature validation. [Reason - The algorithm is not supported; the token must be signed with RS256.]",
);
pub(crate) const EXTERNAL_ISSUER_UNREACHABLE: Published = of(
    401,
    "invalid_client",
    90061,
    "Request to External OIDC endpoint failed. (The emulator reaches no issuer: name this one with its keys in [[federated_issuer]] of the seed.)",
);
pub(crate) const UNKNOWN_INSTANCE: Published =
    of(400, "invalid_instance", 50049, "Unknown or invalid instance.");

/// What a seed may ask for besides the ones above.
const ON_DEMAND: &[Published] = &[
    // The application.
    of(
        400,
        "unauthorized_client",
        700_016,
        "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
    ),
    of(
        401,
        "invalid_client",
        7_000_229,
        "The client application is missing service principal in the tenant.",
    ),
    of(400, "unauthorized_client", 7_000_112, "The application is disabled."),
    of(400, "unauthorized_client", 70001, "The application is disabled."),
    of(
        401,
        "invalid_client",
        700_025,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    // Its credential.
    of(
        401,
        "invalid_client",
        700_027,
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]",
    ),
    of(401, "invalid_client", 700_024, "Client assertion is not within its valid time range."),
    of(
        401,
        "invalid_client",
        700_030,
        "Invalid certificate - subject name in certificate isn't authorized.",
    ),
    of(
        401,
        "invalid_client",
        50012,
        "Authentication failed. Client assertion contains an invalid signature.",
    ),
    of(401, "invalid_client", 50027, "JWT token is invalid or malformed."),
    of(
        401,
        "invalid_client",
        7_000_215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.",
    ),
    of(
        401,
        "invalid_client",
        7_000_222,
        "The provided client secret keys are expired. Create new keys for your app, or consider using certificate credentials for added security.",
    ),
    // Federated credentials.
    of(
        400,
        "invalid_request",
        70021,
        "No matching federated identity record found for presented assertion.",
    ),
    of(
        401,
        "invalid_client",
        700_211,
        "No matching federated identity record found for presented assertion issuer.",
    ),
    of(
        401,
        "invalid_client",
        700_212,
        "No matching federated identity record found for presented assertion audience.",
    ),
    of(
        401,
        "invalid_client",
        700_213,
        "No matching federated identity record found for presented assertion subject.",
    ),
    of(
        401,
        "invalid_client",
        700_229,
        "Only app-only tokens can be used as Federated Identity Credentials for Microsoft Entra issuer.",
    ),
    // The tenant and its cloud.
    of(
        400,
        "invalid_request",
        90002,
        "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    ),
    of(
        400,
        "invalid_request",
        90038,
        "The specified tenant belongs to the National Cloud. Current cloud instance does not federate with it.",
    ),
    of(
        400,
        "invalid_request",
        900_382,
        "Confidential Client isn't supported in Cross Cloud request.",
    ),
    of(
        400,
        "invalid_request",
        900_432,
        "Confidential Client isn't supported in Cross Cloud request.",
    ),
    // Resource, scope and consent.
    of(
        400,
        "invalid_resource",
        500_011,
        "The resource principal was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
    ),
    of(
        400,
        "invalid_client",
        650_052,
        "The app needs access to a service that your organization hasn't subscribed to or enabled. Contact your IT Admin to review the configuration of your service subscriptions.",
    ),
    of(
        400,
        "invalid_grant",
        65001,
        "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
    ),
    of(400, "invalid_grant", 90094, "Administrator consent is required."),
    of(
        400,
        "invalid_scope",
        70011,
        "The provided value for the input parameter 'scope' is not valid.",
    ),
    of(
        400,
        "invalid_scope",
        28002,
        "Provided value for the input parameter scope is not valid when requesting an access token. Please specify a valid scope.",
    ),
    of(
        400,
        "invalid_scope",
        700_022,
        "The provided value for the input parameter scope isn't valid because it contains more than one resource.",
    ),
    // Persons.
    of(
        400,
        "invalid_grant",
        50034,
        "To sign into this application, the account must be added to the directory.",
    ),
    of(
        400,
        "invalid_grant",
        50020,
        "User account from identity provider does not exist in tenant and cannot access the application in that tenant.",
    ),
    of(400, "invalid_grant", 50057, "The user account is disabled."),
    of(
        400,
        "invalid_grant",
        50126,
        "Error validating credentials due to invalid username or password.",
    ),
    of(
        400,
        "interaction_required",
        50074,
        "Strong authentication is required and the user did not pass the MFA challenge.",
    ),
    of(
        400,
        "interaction_required",
        50076,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.",
    ),
    of(
        400,
        "interaction_required",
        50079,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access the resource.",
    ),
    of(
        400,
        "interaction_required",
        50105,
        "The signed in user is not assigned to a role for the application.",
    ),
    // Conditional Access (dafthack/MSOLSpray#5 for the shape of 53003).
    of(
        400,
        "interaction_required",
        53000,
        "Device is not in required device state. Conditional Access policy requires a compliant device, and the device is not compliant.",
    ),
    of(
        400,
        "interaction_required",
        53001,
        "Device is not in required device state. Conditional Access policy requires a domain joined device, and the device is not domain joined.",
    ),
    of(
        400,
        "interaction_required",
        53002,
        "Application used is not an approved application for Conditional Access.",
    ),
    of(
        400,
        "interaction_required",
        53003,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    of(
        400,
        "interaction_required",
        530_035,
        "Access has been blocked by security defaults. The request was deemed unsafe by security defaults policies.",
    ),
    // The service itself.
    of(
        400,
        "invalid_grant",
        50196,
        "The server terminated an operation because it encountered a client request loop. Please contact your app vendor.",
    ),
    of(400, "temporarily_unavailable", 50033, "A transient error has occurred. Please try again."),
    of(400, "temporarily_unavailable", 90006, "The service is temporarily unavailable."),
    of(400, "temporarily_unavailable", 90024, "A transient error has occurred. Please try again."),
    of(400, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."),
    of(400, "temporarily_unavailable", 90055, "There are too many incoming requests."),
];

const BY_THE_ENDPOINTS: [Published; 11] = [
    NO_CREDENTIAL,
    AUTHORIZATION_PENDING,
    AUTHORIZATION_DECLINED,
    BAD_VERIFICATION_CODE,
    CODE_EXPIRED,
    REDEEMED,
    NO_USER_CODE,
    ALREADY_ANSWERED,
    PREAUTHORIZATION,
    BAD_EXTERNAL_SIGNATURE,
    EXTERNAL_ISSUER_UNREACHABLE,
];

/// Every refusal that may be asked for, in the order of its number.
pub(crate) fn all() -> Vec<Published> {
    let mut all: Vec<_> = BY_THE_ENDPOINTS.iter().chain(ON_DEMAND).copied().collect();
    all.sort_by_key(|refusal| refusal.code);
    all
}

/// The refusal of a number.
pub(crate) fn numbered(code: u32) -> Option<Published> {
    all().into_iter().find(|refusal| refusal.code == code)
}

/// Refuses at the token endpoint because the seed says so.
#[derive(Debug, Default)]
pub(crate) struct Refusing {
    refusal: Option<Published>,
    /// How many requests are still to be refused; none means all of them.
    left: Option<AtomicU32>,
}

impl Refusing {
    pub(crate) fn new(refusal: Option<Published>, times: Option<u32>) -> Self {
        Self { refusal, left: times.map(AtomicU32::new) }
    }

    /// Asked once for every request.
    pub(crate) fn next(&self) -> Result<(), Refusal> {
        let Some(refusal) = self.refusal else {
            return Ok(());
        };
        let one_less = |left: u32| left.checked_sub(1);
        let spent = self.left.as_ref().is_some_and(|left| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
        });
        if spent { Ok(()) } else { Err(refusal.into()) }
    }
}
