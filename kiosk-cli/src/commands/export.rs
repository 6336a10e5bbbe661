//! `kiosk export`

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::open;
use crate::cli::Export;
use crate::error::{Exit, Failure};

pub(super) fn run(data: &Path, args: &Export) -> Result<Exit, Failure> {
    let mut scanner = open(data)?;
    match &args.output {
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            scanner.export(&mut out)?;
            out.flush()?;
        }
        Some(path) => {
            let file = File::create(path).map_err(|error| {
                Failure::Usage(format!("cannot write {}: {error}", path.display()))
            })?;
            let mut out = BufWriter::new(file);
            scanner.export(&mut out)?;
            out.into_inner()
                .map_err(std::io::IntoInnerError::into_error)?
                .sync_all()?;
        }
    }
    Ok(Exit::Done)
}
