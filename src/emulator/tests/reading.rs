//! Get-Mailbox and the gateway around it, as clients read.

use super::*;

fn generated(mailboxes: usize) -> World {
    World::of(&format!("[generate]\nmailboxes = {mailboxes}\nseed = 7\n"))
}

/// Follows links to the end; every page as its UPNs.
fn pages(world: &World, parameters: &Value, size: &str) -> Vec<Vec<String>> {
    let prefer = format!("odata.maxpagesize={size}");
    let body = input("Get-Mailbox", parameters);
    let select = "$select=UserPrincipalName";
    let anchor = ("x-anchormailbox", ORGANIZATION_ANCHOR);
    let mut got = world.send(select, &[anchor, ("prefer", &prefer)], &body);
    let cookie = got.cookie();
    let mut pages = Vec::new();
    loop {
        pages.push(got.column("UserPrincipalName").into_iter().map(str::to_owned).collect());
        let Some(link) = got.body["@odata.nextLink"].as_str() else {
            return pages;
        };
        let query = link.split_once('?').unwrap().1;
        got = world.send(query, &[anchor, ("prefer", &prefer), ("cookie", &cookie)], &body);
        assert_eq!(got.status, 200, "{}", got.text);
    }
}

#[test]
fn the_default_listing_leaves_groups_and_inactive_mailboxes_out() {
    let got = World::of(FEW).get(json!({ "ResultSize": "Unlimited" }));
    assert_eq!(
        got.column("UserPrincipalName"),
        [
            "ada@contoso.com",
            "sales@contoso.com",
            "sales@fabrikam.com",
            "oslo@contoso.com",
            "frozen@contoso.com"
        ]
    );
}

#[test]
fn without_result_size_a_thousand_rows_come_with_a_warning_and_no_link() {
    let got = generated(1200).get(json!({}));
    assert_eq!(got.rows().len(), 1000);
    assert!(got.warnings()[0].contains("ResultSize"), "{:?}", got.warnings());
    assert!(got.body.get("@odata.nextLink").is_none());
}

#[test]
fn exactly_a_thousand_mailboxes_are_listed_without_a_warning() {
    let got = generated(1000).get(json!({}));
    assert_eq!((got.rows().len(), got.warnings().len()), (1000, 0));
}

#[test]
fn a_number_as_result_size_cuts_the_list_and_says_so() {
    let got = generated(50).get(json!({ "ResultSize": "20" }));
    assert_eq!(got.rows().len(), 20);
    assert!(got.warnings()[0].contains("ResultSize"));
    let all = generated(50).get(json!({ "ResultSize": 50 }));
    assert_eq!((all.rows().len(), all.warnings().len()), (50, 0));
}

#[test]
fn pages_hold_every_mailbox_once_in_one_order() {
    let world = generated(2345);
    let all = pages(&world, &json!({ "ResultSize": "Unlimited" }), "1000");
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 345]);
    let small = pages(&world, &json!({ "ResultSize": "Unlimited" }), "700").concat();
    assert_eq!(small, all.concat());
    let distinct: std::collections::BTreeSet<_> = small.iter().collect();
    assert_eq!(distinct.len(), 2345);
}

#[test]
fn a_page_is_never_larger_than_a_thousand_and_a_full_last_one_has_no_link() {
    let world = generated(2000);
    let sizes: Vec<_> =
        pages(&world, &json!({ "ResultSize": "Unlimited" }), "5000").iter().map(Vec::len).collect();
    assert_eq!(sizes, [1000, 1000]);
}

#[test]
fn result_size_counts_over_all_pages() {
    let world = generated(900);
    let sizes: Vec<_> =
        pages(&world, &json!({ "ResultSize": 500 }), "200").iter().map(Vec::len).collect();
    assert_eq!(sizes, [200, 200, 100]);
}

#[test]
fn a_link_works_only_with_its_anchor_its_cookie_its_cmdlet_and_for_ten_minutes() {
    let world = generated(30);
    let body = input("Get-Mailbox", &json!({ "ResultSize": "Unlimited" }));
    let other = input("Get-Mailbox", &json!({ "ResultSize": 29 }));
    let (anchor, size) =
        (("x-anchormailbox", ORGANIZATION_ANCHOR), ("prefer", "odata.maxpagesize=10"));
    let first = world.send("", &[anchor, size], &body);
    let link = first.body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with("http://tenant.local:8080/adminapi/beta/contoso.onmicrosoft.com/"));
    let query = link.split_once('?').unwrap().1;
    let cookie = first.cookie();
    let cookie = ("cookie", cookie.as_str());
    let mine = ("x-anchormailbox", "UPN:someone@contoso.com");
    let expired = "Expired or Invalid pagination request. Default Expiry time is 00:30:00";
    for (headers, body, query) in [
        (&[anchor, size][..], &body, query.to_owned()),
        (&[mine, size, cookie], &body, query.to_owned()),
        (&[size, cookie], &body, query.to_owned()),
        (&[anchor, size, cookie], &other, query.to_owned()),
        (&[anchor, size, cookie], &body, query.replace("skiptoken=", "skiptoken=x")),
    ] {
        let got = world.send(&query, headers, body);
        assert_eq!(got.status, 400);
        assert_eq!(got.body["error"]["message"], expired);
    }
    world.wait(600);
    let again = [anchor, size, cookie];
    assert_eq!(world.send(query, &again, &body).status, 200);
    world.wait(1);
    assert_eq!(world.send(query, &again, &body).status, 400);
}

#[test]
fn a_mailbox_is_found_by_every_identifier() {
    let world = World::of(FEW);
    let ada = world.mailbox("ada@contoso.com");
    for name in [
        "Guid",
        "ExchangeGuid",
        "ExternalDirectoryObjectId",
        "Alias",
        "DisplayName",
        "DistinguishedName",
        "Name",
    ] {
        let again = world.mailbox(ada[name].as_str().unwrap());
        assert_eq!(again["UserPrincipalName"], "ada@contoso.com", "{name}");
    }
    assert_eq!(world.mailbox("Countess@Contoso.com")["Guid"], ada["Guid"]);
    assert_eq!(ada["EmailAddresses"], json!(["SMTP:ada@contoso.com", "smtp:countess@contoso.com"]));
}

#[test]
fn a_name_that_several_bear_is_ambiguous() {
    let got = World::of(FEW).get(json!({ "Identity": "sales" }));
    assert_eq!(got.status, 400);
    assert!(got.exception().0.ends_with("ManagementObjectAmbiguousException"));
}

#[test]
fn an_unknown_identity_is_not_found_and_an_empty_one_means_everybody() {
    let world = World::of(FEW);
    let got = world.get(json!({ "Identity": "nobody@contoso.com" }));
    assert_eq!(got.status, 400);
    assert!(got.exception().0.ends_with("ManagementObjectNotFoundException"));
    let details = got.body["error"]["details"][0]["message"].as_str().unwrap();
    assert!(details.starts_with("Ex6F9304|Microsoft."), "{details}");
    for identity in [json!(null), json!("")] {
        assert_eq!(world.get(json!({ "Identity": identity })).rows().len(), 5);
    }
}

#[test]
fn types_are_asked_for_as_a_list_or_as_one_string() {
    let world = World::of(FEW);
    for types in [json!(["RoomMailbox", "SharedMailbox"]), json!("RoomMailbox, sharedmailbox")] {
        let got = world.get(json!({ "RecipientTypeDetails": types }));
        assert_eq!(got.rows().len(), 3);
    }
    let wrong = world.get(json!({ "RecipientTypeDetails": "Scheduling" }));
    assert_eq!(wrong.status, 400);
    assert!(wrong.body["error"].get("details").is_none());
    let (exception, text) = wrong.exception();
    assert!(exception.ends_with("ParameterTransformationException"), "{exception}");
    assert!(text.contains("SchedulingMailbox"), "{text}");
}

#[test]
fn groups_and_inactive_mailboxes_come_only_when_asked_for() {
    let world = World::of(FEW);
    let groups = world.get(json!({ "GroupMailbox": true }));
    assert_eq!(groups.column("UserPrincipalName"), ["staff@contoso.com"]);
    assert_eq!(
        groups.rows()[0]["AuditOwner"],
        json!(["Update", "MoveToDeletedItems", "SoftDelete", "HardDelete"])
    );
    assert_eq!(groups.rows()[0]["DefaultAuditSet"], json!(["Admin", "Delegate", "Owner"]));
    for switch in ["InactiveMailboxOnly", "SoftDeletedMailbox"] {
        assert_eq!(
            world.get(json!({ switch: "true" })).column("UserPrincipalName"),
            ["gone@contoso.com"]
        );
    }
    assert_eq!(world.get(json!({ "IncludeInactiveMailbox": true })).rows().len(), 6);
    assert_eq!(world.get(json!({ "Identity": "staff@contoso.com" })).status, 400);
}

#[test]
fn audit_enabled_is_shown_as_effective_and_filtered_as_stored() {
    let world = World::of(FEW);
    let shown = |upn: &str| world.mailbox(upn)["AuditEnabled"].clone();
    assert_eq!([shown("ada@contoso.com"), shown("oslo@contoso.com")], [json!(true), json!(false)]);
    for (filter, count) in [
        ("AuditEnabled -eq $true", 1),
        ("AuditEnabled -ne $true", 4),
        ("auditenabled -eq 'False'", 4),
    ] {
        assert_eq!(world.get(json!({ "Filter": filter })).rows().len(), count, "{filter}");
    }
    assert_eq!(world.get(json!({ "Filter": "AuditAdmin -eq 'Copy'" })).status, 400);
}

#[test]
fn select_trims_the_record_and_annotations_stand_beside_it() {
    let world = World::of(FEW);
    let body = input("Get-Mailbox", &json!({ "Identity": "ada@contoso.com" }));
    let select = "$select=guid%2CAuditAdmin,AuditLogAgeLimit,NoSuchProperty";
    let got = world.send(select, &[], &body);
    let keys: Vec<_> = got.rows()[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "AuditAdmin",
            "AuditAdmin@odata.type",
            "AuditLogAgeLimit",
            "AuditLogAgeLimit@data.type",
            "Guid",
            "Guid@data.type",
            "Guid@odata.type"
        ]
    );
    assert_eq!(got.rows()[0]["AuditAdmin@odata.type"], "#Collection(String)");
    assert_eq!(got.warnings().len(), 0);
    assert!(got.body["@odata.context"].as_str().unwrap().contains("$metadata"));
    let bare = world.send(select, &[("accept", "application/json;odata.metadata=none")], &body);
    assert!(!bare.text.contains("@odata.type") && !bare.text.contains("@data.type"));
    let whole = world.mailbox("ada@contoso.com");
    assert!(whole.as_object().unwrap().len() > 45);
}

#[test]
fn an_action_that_microsoft_added_is_in_managed_lists_alone() {
    let added = "[tenant]\nadded_defaults = { admin = [\"ReadLabel\"] }\n";
    let world = World::of(&FEW.replacen("[tenant]\n", added, 1));
    let last = |upn: &str| world.mailbox(upn)["AuditAdmin"].as_array().unwrap().last().cloned();
    assert_eq!(last("ada@contoso.com"), Some(json!("ReadLabel")));
    assert_eq!(last("frozen@contoso.com"), Some(json!("MessageBind")));
}

#[test]
fn who_may_not_call_is_told_so_by_status() {
    let world = World::of(FEW);
    let body = input("Get-Mailbox", &json!({}));
    let status =
        |claims: &Claims| world.send("", &[("authorization", &world.bearer(claims))], &body).status;
    let good = world.claims();
    assert_eq!(status(&good), 200);
    assert_eq!(status(&Claims { roles: vec![], ..good.clone() }), 401);
    assert_eq!(status(&Claims { wids: vec![], ..good.clone() }), 403);
    assert_eq!(status(&Claims { aud: "https://graph.microsoft.com".into(), ..good.clone() }), 401);
    assert_eq!(status(&Claims { tid: uuid::Uuid::nil().to_string(), ..good.clone() }), 401);
    assert_eq!(world.send("", &[("authorization", "Bearer nonsense")], &body).status, 401);
    world.wait(3599);
    assert_eq!(status(&good), 401);
}

#[test]
fn a_cmdlet_that_is_not_there_is_forbidden_with_a_body_of_nul_bytes() {
    let got = World::of(FEW).call("Remove-Mailbox", json!({}), &[]);
    assert_eq!(got.status, 403);
    assert!(!got.text.is_empty() && got.text.bytes().all(|byte| byte == 0));
}

#[test]
fn an_unknown_parameter_and_a_body_of_garbage_are_bad_requests() {
    let world = World::of(FEW);
    let got = world.get(json!({ "Identiti": "ada" }));
    assert_eq!(got.status, 400);
    let details = got.body["error"]["details"][0]["message"].as_str().unwrap();
    assert!(details.starts_with("|Microsoft.Exchange.AdminApi.CommandInvocation.Ambiguous"));
    assert_eq!(world.send("", &[], &json!([])).status, 400);
    assert_eq!(world.get(json!({ "ResultSize": "many" })).status, 400);
    assert_eq!(world.get(json!({ "GroupMailbox": "perhaps" })).status, 400);
}

#[test]
fn a_generated_tenant_has_every_type_and_the_share_that_follows_the_guide() {
    let world = generated(1000);
    let got = world.get(json!({ "ResultSize": "Unlimited" }));
    let kinds: std::collections::BTreeSet<_> =
        got.column("RecipientTypeDetails").into_iter().collect();
    assert_eq!(kinds.len(), 10);
    let in_guide =
        ["UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox", "LinkedMailbox"];
    let of_guide = got
        .rows()
        .iter()
        .filter(|row| in_guide.contains(&row["RecipientTypeDetails"].as_str().unwrap()));
    let (mut all, mut follow) = (0, 0);
    for row in of_guide {
        all += 1;
        let admin = &row["AuditAdmin"];
        let guide = json!([
            "Update",
            "Copy",
            "Move",
            "MoveToDeletedItems",
            "SoftDelete",
            "HardDelete",
            "FolderBind",
            "SendAs",
            "SendOnBehalf",
            "Create"
        ]);
        follow += usize::from(*admin == guide && row["AuditEnabled"] == json!(true));
    }
    assert_eq!(follow, (all + 5) / 10);
    assert!(!world.get(json!({ "GroupMailbox": true })).rows().is_empty());
    assert!(!world.get(json!({ "InactiveMailboxOnly": true })).rows().is_empty());
}

#[test]
fn weights_alone_decide_the_types_and_the_seed_decides_the_rest() {
    let text = |seed: u32| {
        format!(
            "[generate]\nmailboxes = 100\nseed = {seed}\ncompliant = 1.0\n\
                                    types = {{ RoomMailbox = 3, UserMailbox = 1 }}\n"
        )
    };
    let list = |seed| World::of(&text(seed)).get(json!({})).text;
    let world = World::of(&text(1));
    assert_eq!(world.get(json!({ "RecipientTypeDetails": "RoomMailbox" })).rows().len(), 75);
    assert_eq!(world.get(json!({ "GroupMailbox": true })).rows().len(), 0);
    assert_eq!(world.get(json!({ "Filter": "AuditEnabled -eq $true" })).rows().len(), 100);
    assert_eq!(list(1), list(1));
    assert_ne!(list(1), list(2));
}
