//! Where journals are kept. The trait asks no more than any store of objects can do: create what is not
//! there yet, read, list.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::ops::state_directory::{STATE_DIRECTORY, names_in, prepare_state_directory};

const DIRECTORY: &str = "runs";
const EXTENSION: &str = "jsonl";

/// A journal that is being written.
pub trait RunFile: Write + Debug + Send {
    /// Comes back when all that was written will be there after the power has failed.
    fn keep(&mut self) -> io::Result<()>;
}

/// Reads anywhere in a journal.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Keeps the journals of runs, by name.
pub trait RunStore: Debug {
    /// Begins one; an error where there is one of that name.
    fn create(&self, run: &str) -> io::Result<Box<dyn RunFile>>;
    /// Goes on with one after its first `whole` bytes. What stands after them, a line that broke off, is
    /// dropped. A store that only takes whole objects begins a further part here.
    fn append(&self, run: &str, whole: u64) -> io::Result<Box<dyn RunFile>>;
    /// Reads one.
    fn open(&self, run: &str) -> io::Result<Box<dyn ReadSeek>>;
    /// The names of all, the oldest first; none where nothing was ever kept.
    fn list(&self) -> io::Result<Vec<String>>;
}

/// Journals as files in `.auditform/runs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRuns {
    directory: PathBuf,
}

impl LocalRuns {
    /// Those beside a spec.
    pub fn beside(directory: &Path) -> Self {
        Self { directory: directory.join(STATE_DIRECTORY).join(DIRECTORY) }
    }

    /// The same, for writing: makes the directory, readable by its owner alone.
    pub fn prepare(directory: &Path) -> io::Result<Self> {
        prepare_state_directory(directory)
            .map_err(|diagnostic| io::Error::other(diagnostic.summary.clone()))?;
        let runs = Self::beside(directory);
        fs::create_dir_all(&runs.directory)?;
        Ok(runs)
    }

    /// The directory of the files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, run: &str) -> PathBuf {
        self.directory.join(format!("{run}.{EXTENSION}"))
    }
}

impl RunStore for LocalRuns {
    fn create(&self, run: &str) -> io::Result<Box<dyn RunFile>> {
        let mut options = File::options();
        options.append(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(self.path(run))?;
        // The name itself has to outlive a power failure too.
        #[cfg(unix)]
        File::open(&self.directory)?.sync_all()?;
        Ok(LocalFile::boxed(file))
    }

    fn append(&self, run: &str, whole: u64) -> io::Result<Box<dyn RunFile>> {
        let file = File::options().append(true).open(self.path(run))?;
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        Ok(LocalFile::boxed(file))
    }

    fn open(&self, run: &str) -> io::Result<Box<dyn ReadSeek>> {
        Ok(Box::new(File::open(self.path(run))?))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        // What is no directory holds no run; whoever begins one is told what stands there.
        names_in(&self.directory, EXTENSION)
    }
}

/// A file that grows at its end. What belongs together is written together, and waits for nothing.
#[derive(Debug)]
struct LocalFile {
    file: io::BufWriter<File>,
}

impl LocalFile {
    fn boxed(file: File) -> Box<dyn RunFile> {
        Box::new(Self { file: io::BufWriter::with_capacity(1 << 16, file) })
    }
}

impl Write for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl RunFile for LocalFile {
    fn keep(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }
}
