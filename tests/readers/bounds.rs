//! Files that are made to take much: they are refused early, and what is held of them is bounded.

use std::cell::Cell;
use std::io::{self, Cursor, Read, Write};
use std::rc::Rc;

use auditform::ops;

use crate::support::World;

const MIB: u64 = 1 << 20;

/// Counts what is taken from a reader.
struct Counted<R> {
    taken: Rc<Cell<u64>>,
    reader: R,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

/// Why a document is refused that begins like this and goes on without an end, and after how much.
fn refused(beginning: &'static str, endless: u8) -> (String, u64) {
    let taken = Rc::new(Cell::new(0));
    let mut open = || -> io::Result<Box<dyn Read>> {
        let reader = Cursor::new(beginning).chain(io::repeat(endless));
        Ok(Box::new(Counted { taken: Rc::clone(&taken), reader }))
    };
    let error = ops::read_saved_from(&mut open).unwrap_err();
    (error.to_string(), taken.get())
}

#[test]
fn a_part_without_an_end_is_read_no_further_than_any_plan_goes() {
    let long = "a part of it is longer than in any plan";
    for (beginning, endless) in [("{\"changes\":[", b'['), ("{\"changes\":[{\"address\":\"", b'a')]
    {
        let (error, taken) = refused(beginning, endless);
        assert_eq!(error, long, "{beginning}");
        assert!(taken < 5 * MIB, "{beginning}: {taken}");
    }
    let (error, taken) = refused("{\"a\":", b'\xff');
    assert!(error.starts_with("it is not a plan: "), "{error}");
    assert!(taken < MIB);
}

#[test]
fn a_small_file_that_expands_to_much_is_refused() {
    let world = World::new();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(b"{\"notes\":[\"").unwrap();
    let letters = vec![b'a'; 1 << 20];
    (0..256).for_each(|_| encoder.write_all(&letters).unwrap());
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 16, "{}", bomb.len());
    world.write("bomb.zst", bomb);
    let output = world.run(&["apply", "--auto-approve", "bomb.zst"]).ended(1);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("a part of it is longer than in any plan"), "{}", output.stderr);
}

/// A file of a gigabyte that takes no room on disk.
#[cfg(unix)]
#[test]
fn a_gigabyte_of_nothing_is_neither_a_plan_nor_a_spec() {
    let world = World::new();
    for (beginning, expected) in [
        ("", "`noise` cannot be read: it is larger than 4 MiB"),
        ("{", "it is not a plan: "),
        ("{\"format_version\":\"1.2\",\"changes\":[", "it is not a plan: "),
    ] {
        let path = world.write("noise", beginning);
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(1 << 30).unwrap();
        for arguments in [&["apply", "--auto-approve", "noise"][..], &["plan", "noise"]] {
            let output = world.run(arguments).ended(1);
            assert_eq!(output.stdout, "");
            let is_plan = arguments[0] == "apply";
            let expected = if is_plan { expected } else { "it is larger than 4 MiB" };
            assert!(output.stderr.contains(expected), "{}", output.stderr);
        }
    }
}
