//! Which machine this is, as far as its operating system tells.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::lease::{Boot, Machine};

/// This machine.
pub(super) fn this() -> Machine {
    let host = gethostname::gethostname().into_string().ok().filter(|name| !name.is_empty());
    Machine { host, boot: boot(Path::new("/proc")) }
}

/// Linux gives each start of its kernel a name (`proc(5)`, `random(4)`). Elsewhere the file lock alone
/// tells of a process.
fn boot(proc: &Path) -> Option<Boot> {
    let id = fs::read_to_string(proc.join("sys/kernel/random/boot_id")).ok()?;
    let id = id.trim();
    let stat = fs::read_to_string(proc.join("stat")).ok()?;
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    let at = Timestamp::from_second(seconds).ok()?;
    (!id.is_empty()).then(|| Boot { id: id.to_owned(), at })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file of a test needs no rename")]
    fn a_start_is_told_by_its_name_and_time_and_by_both_or_not_at_all() {
        let proc = tempfile::tempdir().unwrap();
        assert_eq!(boot(proc.path()), None);
        fs::create_dir_all(proc.path().join("sys/kernel/random")).unwrap();
        fs::write(proc.path().join("sys/kernel/random/boot_id"), "5e1f\n").unwrap();
        fs::write(proc.path().join("stat"), "cpu 1 2\nctxt 5\n").unwrap();
        assert_eq!(boot(proc.path()), None);
        fs::write(proc.path().join("stat"), "cpu 1 2\nbtime 1795000000\nctxt 5\n").unwrap();
        let at = Timestamp::from_second(1_795_000_000).unwrap();
        assert_eq!(boot(proc.path()), Some(Boot { id: "5e1f".to_owned(), at }));
    }
}
