//! A saved plan with rules of approval, and signers with keys that `ssh-keygen` and OpenSSL make.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use auditform::approval::{ApprovalRules, Signer, SignerKey, USUAL_EXPIRY};
use auditform::plan::{IdentityChange, Made, Plan, SavedPlan, SpecText, digest};
use auditform::state::TenantIdentity;
use jiff::Timestamp;

use crate::support::{Output, World};

pub(super) const TENANT: &str = "2b0c6e5f-1f54-4c0e-9b0a-6d2f8c1e7a90";

/// A world with `plan.json`.
pub(super) struct Scene {
    pub(super) world: World,
}

impl Scene {
    /// A plan that so many of these have to approve; each gets a key without a passphrase.
    pub(super) fn new(required: u32, names: &[&str]) -> Self {
        let scene = Self { world: World::new() };
        let signers: Vec<Signer> = names
            .iter()
            .map(|name| {
                scene.key(name, "");
                scene.signer(name)
            })
            .collect();
        let rules = ApprovalRules::new(signers, required, USUAL_EXPIRY).unwrap();
        scene.plan("plan.json", Some(&rules), TENANT, Vec::new());
        scene
    }

    /// A key of OpenSSH, its public part beside it.
    pub(super) fn key(&self, name: &str, passphrase: &str) -> PathBuf {
        let path = self.world.path(name);
        let arguments = ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", name];
        self.tool("ssh-keygen", &arguments).ended(0);
        path
    }

    pub(super) fn signer(&self, name: &str) -> Signer {
        let text = fs::read_to_string(self.world.path(&format!("{name}.pub"))).unwrap();
        let (key, name) = SignerKey::parse(&text).unwrap();
        Signer { key, name }
    }

    /// Saves a plan.
    pub(super) fn plan(
        &self,
        name: &str,
        rules: Option<&ApprovalRules>,
        tenant: &str,
        changes: Vec<IdentityChange>,
    ) {
        let tenant = TenantIdentity {
            id: tenant.parse().unwrap(),
            organization: "contoso.onmicrosoft.com".to_owned(),
        };
        let plan =
            Plan { approval: rules.cloned(), identity: changes, unchanged: 3, ..Plan::of(tenant) };
        let entry = "auditform.toml".to_owned();
        let files = BTreeMap::from([(entry.clone(), String::new())]);
        let spec = SpecText { entry, files, variables: BTreeMap::new() };
        let made = Made {
            created_at: Timestamp::now(),
            tool_version: "0.1.0".to_owned(),
            git: None,
            host: None,
        };
        let mut bytes = Vec::new();
        let digest = digest(&plan, &spec).unwrap();
        SavedPlan { plan: &plan, spec: &spec, made: &made }.write(digest, &mut bytes).unwrap();
        self.world.write(name, bytes);
    }

    /// The rules with these keys, for another plan.
    pub(super) fn rules(&self, required: u32, names: &[&str]) -> ApprovalRules {
        let signers = names.iter().map(|name| self.signer(name)).collect();
        ApprovalRules::new(signers, required, USUAL_EXPIRY).unwrap()
    }

    pub(super) fn approve(&self, arguments: &[&str]) -> Output {
        self.world.run(&[&["approve", "plan.json"], arguments].concat())
    }

    pub(super) fn sign(&self, key: &str) -> Output {
        self.approve(&["--key", key, "--auto-approve"])
    }

    pub(super) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.world.path(name)).unwrap()
    }

    /// Runs another program in the same directory.
    pub(super) fn tool(&self, program: &str, arguments: &[&str]) -> Output {
        self.tool_with(program, arguments, "")
    }

    /// Runs another program, which reads this text.
    pub(super) fn tool_with(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        use std::io::Write as _;
        use std::process::Stdio;
        let mut command = Command::new(program);
        command.args(arguments);
        self.world.seal(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Output::of(&child.wait_with_output().unwrap())
    }
}
