//! What is wrong and what to do, for each reason that says the same every time.

use super::SignInReason;

/// What is wrong, and what to do about it.
type Words = (&'static str, &'static str);

/// The words of a reason.
pub(super) fn of(reason: &SignInReason) -> Words {
    let found = TABLE.iter().find(|(listed, _, _)| listed == reason);
    found.map_or(OTHER, |(_, what, help)| (*what, *help))
}

const OTHER: Words =
    ("signing in was refused", "the code is explained at https://login.microsoftonline.com/error");

const NETWORK: &str = "check the network, the proxy variables and `[tenant.endpoints] authority`; \
                       a private certificate authority goes into `ca_file`";
const NEW_CODE: &str = "run this again for a new code";
const NO_SECRET: &str = "Auditform sends no client secret, so something between adds one; check \
                         `[tenant.endpoints] authority` and the proxy variables";

const TABLE: [(SignInReason, &str, &str); 41] = [
    (
        SignInReason::TenantNotFound,
        "the tenant does not exist",
        "check `organization` (the initial domain, such as contoso.onmicrosoft.com) and `cloud`",
    ),
    (
        SignInReason::WrongCloud,
        "the tenant is in another cloud",
        "set `cloud` in `[tenant]` to the tenant's: `worldwide`, `us-gov-high`, `us-gov-dod` or \
         `china`",
    ),
    (
        SignInReason::OtherTenant,
        "the host serves another tenant",
        "check `organization` and `tenant_id` against each other",
    ),
    (
        SignInReason::TokenOfOtherTenant,
        "the token is of another tenant",
        "fetch it for the tenant that `organization` names; the Azure CLI signs in there by \
         `az login --tenant ...`",
    ),
    (
        SignInReason::AppNotFound,
        "the application is not known in this tenant",
        "check `client_id`: it is the Application (client) ID of an app registration in this very \
         tenant",
    ),
    (
        SignInReason::NoServicePrincipal,
        "the application is not installed in this tenant",
        "the application has no enterprise application in this tenant; grant it admin consent \
         there once",
    ),
    (
        SignInReason::AppDisabled,
        "the application is disabled",
        "an administrator has disabled it: name another application, or have \"Enabled for users \
         to sign in\" switched on in its enterprise application",
    ),
    (
        SignInReason::CertificateNotRegistered,
        "the certificate is not registered on the application",
        "upload the certificate (the .cer, not the key) to the app registration; after an upload \
         it takes a few minutes to be known",
    ),
    (
        SignInReason::SubjectNotAuthorised,
        "the certificate's subject is not authorised",
        "the application takes certificates by subject and issuer; upload this very certificate, \
         or use one with the subject that is registered",
    ),
    (
        SignInReason::AssertionRefused,
        "the signed assertion was refused",
        "compare the certificate's thumbprint with the one that is registered; a workload's token \
         has to be whole, and signed with RS256 by a key that its issuer publishes",
    ),
    (SignInReason::SecretWrong, "a client secret was refused", NO_SECRET),
    (SignInReason::SecretExpired, "a client secret has expired", NO_SECRET),
    (
        SignInReason::NoCredential,
        "the application wants a credential and none was sent",
        "the app registration does not allow public client flows; switch them on, or leave \
         `client_id` out to sign in by Microsoft's own client",
    ),
    (
        SignInReason::PublicClient,
        "the application is a public client",
        "the app registration allows public client flows; switch that off",
    ),
    (
        SignInReason::FederationMismatch,
        "no federated credential of the application matches the token",
        "compare issuer, subject and audience with the application's federated credentials, letter \
         case included; a new one takes some minutes to be known",
    ),
    (
        SignInReason::AppOnlyFederation,
        "the token is a user's",
        "a federated credential with Entra as its issuer takes tokens of applications and managed \
         identities alone",
    ),
    (
        SignInReason::ResourceNotFound,
        "the resource is not in this tenant",
        "this tenant does not have the service; check `exchange_scope` and that the tenant has \
         Exchange Online",
    ),
    (
        SignInReason::NotSubscribed,
        "the organisation has not subscribed to the service",
        "check that the tenant has a licence with Exchange Online and that the service is enabled",
    ),
    (
        SignInReason::ScopeRefused,
        "the scope was refused",
        "check `exchange_scope`: one resource and `/.default`",
    ),
    (
        SignInReason::ConsentMissing,
        "the application has no consent",
        "have an administrator grant it (app registration > API permissions > Grant admin \
         consent); a person accepts in the browser what is asked for",
    ),
    (
        SignInReason::NotPreauthorised,
        "Microsoft's own client may not ask for this",
        "the Azure CLI and other clients of Microsoft's have fixed sets of permissions: sign in to \
         Exchange as an application, and for directory work by `method = \"device_code\"` without \
         `client_id`",
    ),
    (
        SignInReason::AdminConsent,
        "an administrator has to consent",
        "sign in as an administrator, such as a Privileged Role Administrator, or have one grant \
         the application admin consent",
    ),
    (
        SignInReason::UserRefused,
        "the account was refused",
        "check which account signs in: a member of this tenant that is enabled, with its right \
         password",
    ),
    (
        SignInReason::InteractionNeeded,
        "a person has to sign in with a second factor",
        "use `method = \"device_code\"` and give the second factor in the browser, or sign in to \
         the Azure CLI anew: `az login --tenant ...`; a run without a person takes an application",
    ),
    (
        SignInReason::NotAssigned,
        "the account is not assigned to the application",
        "the application takes assigned accounts alone; assign this one in its enterprise \
         application, or switch \"Assignment required\" off there",
    ),
    (SignInReason::CodePending, "nobody has entered the code yet", NEW_CODE),
    (SignInReason::CodeSlowDown, "the sign-in service wants to be asked less often", NEW_CODE),
    (
        SignInReason::Declined,
        "the sign-in was declined",
        "run this again and accept it in the browser; nothing was changed",
    ),
    (
        SignInReason::CodeExpired,
        "the code has expired before anybody signed in with it",
        "run this again for a new code; if the browser refused, as a policy against device codes \
         makes it, use another `method`",
    ),
    (SignInReason::CodeWrong, "the code is not known", NEW_CODE),
    (SignInReason::CodeUsed, "the code was used already", NEW_CODE),
    (
        SignInReason::LoopDetected,
        "the sign-in service sees the same request too often",
        "wait some minutes, and do not start this over and over",
    ),
    (
        SignInReason::NoAssertion,
        "the token of the workload cannot be got",
        "in GitHub Actions the job needs `permissions: id-token: write`; elsewhere check \
         `token_file`",
    ),
    (
        SignInReason::CliMissing,
        "the Azure CLI cannot be started",
        "install it (https://aka.ms/azure-cli) so that `az` is in the PATH, or use another `method`",
    ),
    (
        SignInReason::CliRefused,
        "the Azure CLI gives no token",
        "sign in to it: `az login --tenant ...`",
    ),
    (
        SignInReason::NoToken,
        "no token was given for this service",
        "put a token for this service into a variable that `[tenant.sign_in]` names",
    ),
    (
        SignInReason::NoManagedIdentity,
        "there is no managed identity here",
        "this works on a machine in Azure that has one; for a user-assigned identity set \
         `client_id`",
    ),
    (SignInReason::Unreachable, "the sign-in service cannot be reached", NETWORK),
    (
        SignInReason::Unavailable,
        "the sign-in service fails",
        "the sign-in service is failing; try again later",
    ),
    (
        SignInReason::NotASignInService,
        "the answer is not one of a sign-in service",
        "is `[tenant.endpoints] authority` right, and does a proxy answer in its place?",
    ),
    (
        SignInReason::CannotSign,
        "the assertion cannot be signed",
        "make a new certificate with an RSA key of 2048 bits",
    ),
];
