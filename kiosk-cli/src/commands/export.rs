//! `kiosk export`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use scanner_core::Scanner;

use super::open;
use crate::cli::Export;
use crate::error::{Exit, Failure};

pub(super) fn run(data: &Path, args: &Export) -> Result<Exit, Failure> {
    let mut scanner = open(data)?;
    match &args.output {
        None => {
            let mut out = Watched::of(BufWriter::new(std::io::stdout().lock()));
            out.export(&mut scanner)?;
            out.to.flush()?;
        }
        Some(path) => {
            let file = File::create(path).map_err(|error| {
                Failure::Usage(format!("cannot write {}: {error}", path.display()))
            })?;
            let mut out = Watched::of(BufWriter::new(file));
            out.export(&mut scanner)?;
            out.to
                .into_inner()
                .map_err(std::io::IntoInnerError::into_error)?
                .sync_all()?;
        }
    }
    Ok(Exit::Done)
}

/// Tells trouble with the output, such as a reader that has gone, from trouble with the data.
struct Watched<W> {
    to: W,
    failed: Option<std::io::Error>,
}

impl<W: Write> Watched<W> {
    fn of(to: W) -> Self {
        Self { to, failed: None }
    }

    fn export(&mut self, scanner: &mut Scanner) -> Result<(), Failure> {
        let outcome = scanner.export(self);
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        outcome?;
        Ok(())
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let outcome = self.to.write(bytes);
        match outcome {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                let kind = error.kind();
                self.failed = Some(error);
                Err(kind.into())
            }
            outcome => outcome,
        }
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}
