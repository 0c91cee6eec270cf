//! The door that requests come to: takes a record, and never makes one wait.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::writer::{Closing, Message, Writer};
use crate::{Error, Record, open};

/// A ledger that is open for writing. Share it in an [`Arc`].
///
/// Dropped without [`close`](Self::close), it closes itself.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    messages: Sender<Message>,
    backlog: Arc<AtomicUsize>,
    closing: Arc<Closing>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Ledger {
    /// Opens the ledger at `path`, or begins one: the file and the directories
    /// that are missing are made for their owner only.
    ///
    /// # Errors
    /// If the file cannot be made or opened, is no ledger, or is one of a later
    /// release. It is then left as it was.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(Error::io("find", path))?;
        let connection = open::writable(&path)?;
        let backlog = Arc::new(AtomicUsize::new(0));
        let closing = Arc::new(Closing::default());
        let writer = Writer::new(path.clone(), connection, Arc::clone(&backlog));
        let (sender, receiver) = mpsc::channel();
        let owned = Arc::clone(&closing);
        let thread = thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer.run(&receiver, &owned))
            .map_err(Error::io("start a thread for", &path))?;
        Ok(Self {
            path,
            messages: sender,
            backlog,
            closing,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Takes a record. It is written soon, and kept until it is.
    ///
    /// This never waits: whoever admits requests looks at [`backlog`](Self::backlog)
    /// instead.
    pub fn record(&self, record: Record) {
        self.backlog.fetch_add(1, Ordering::Relaxed);
        if let Err(mpsc::SendError(message)) = self.messages.send(Message::Write(record)) {
            let Message::Write(record) = message else {
                return;
            };
            tracing::error!(
                request = record.request_id,
                "a record came after the ledger was closed, and is lost"
            );
        }
    }

    /// How many records are taken and not yet written.
    pub fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    /// Writes all that was taken and ends the writer. Blocks until that is done,
    /// for a quarter of a minute at most where the file cannot be written. Again
    /// does nothing again.
    ///
    /// # Errors
    /// If records are lost.
    pub fn close(&self) -> Result<(), Error> {
        // Held until the thread has ended, so that a second caller waits as well.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            self.closing.begin();
            // A writer that has died needs no message; what it left is counted below.
            let _ = self.messages.send(Message::Close);
            if thread.join().is_err() {
                tracing::error!(path = %self.path.display(), "the ledger's writer has died");
            }
        }
        match self.backlog() {
            0 => Ok(()),
            records => Err(Error::Lost {
                path: self.path.clone(),
                records,
            }),
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // The writer has logged what was lost, and nobody is left to be told.
        let _ = self.close();
    }
}

/// The backlog over which no request should be admitted: some 25 MiB of records,
/// and half a second's work for a healthy disk.
pub const BACKLOG_BOUND: usize = 50_000;
