//! `--var` and `--var-file`, for every command that loads a spec.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;

use crate::ops::VariableOptions;

/// What the variables of the spec are given.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct VariableArguments {
    /// Give a variable of the spec its value; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = Assignment)]
    values: Vec<(String, String)>,
    /// Take values of variables from a TOML file of `NAME = value`; may be repeated, later ones win
    #[arg(long = "var-file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl VariableArguments {
    /// Whether nothing is given.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.files.is_empty()
    }

    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    pub(super) fn options(&self) -> VariableOptions {
        VariableOptions { values: self.values.clone(), files: self.files.clone() }
    }
}

/// `NAME=VALUE`. What is not of this form is not shown: it may be a value alone.
#[derive(Debug, Clone)]
struct Assignment;

impl TypedValueParser for Assignment {
    type Value = (String, String);

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let pair = value.to_str().and_then(|text| text.split_once('='));
        match pair {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => {
                let words = "`--var` takes a name and a value: `--var environment=prod`\n";
                Err(clap::Error::raw(ErrorKind::ValueValidation, words).with_cmd(command))
            }
        }
    }
}
