//! Wristbands and cards at a chip reader, for `--reader` of `kiosk scan` and `kiosk run`. PC/SC carries the commands; it
//! is a library of the system, so that a plain build knows only how to say that it is not there.
//!
//! Invariants: a chip that cannot be read is told about, and the next one is read; a reader that
//! is unplugged is waited for; nothing here knows what a ticket is.

use scanner_core::chip::ChipError;

use crate::error::Failure;

#[cfg(feature = "pcsc")]
pub(crate) use with_pcsc::watch;

/// For whoever stands at the gate.
pub(crate) fn told(error: &ChipError) -> String {
    match error {
        ChipError::Gone => "Taken away too soon: hold it until the answer".to_owned(),
        ChipError::NoUid => {
            "This chip draws a new number at each touch: it is no ticket".to_owned()
        }
        ChipError::Status(_) | ChipError::Malformed(_) | ChipError::Reader(_) => {
            format!("This chip cannot be read ({error}): hold one chip, flat, until the answer")
        }
    }
}

/// Whether there can be a reader at all; asked before anything else is looked at.
pub(crate) fn available() -> Result<(), Failure> {
    if cfg!(feature = "pcsc") {
        return Ok(());
    }
    Err(Failure::Usage(
        "this program was built without chip readers (cargo feature `pcsc`)".to_owned(),
    ))
}

#[cfg(not(feature = "pcsc"))]
pub(crate) fn watch(
    _named: Option<&str>,
    _news: impl FnMut(&str),
    _seen: impl FnMut(Result<scanner_core::chip::Chip, ChipError>) -> bool,
) -> Result<(), Failure> {
    available()
}

#[cfg(feature = "pcsc")]
mod with_pcsc {
    use std::ffi::{CStr, CString};
    use std::time::Duration;

    use pcsc::{
        Card, Context, Error, MAX_BUFFER_SIZE, Protocols, ReaderState, Scope, ShareMode, State,
    };
    use scanner_core::chip::{self, Chip, ChipError, ChipReader, Surface, Touches, Turn, Unread};

    use crate::error::Failure;

    /// Between two looks for a reader that is not there yet.
    const LOOK_AGAIN: Duration = Duration::from_secs(1);
    /// A chip that could not be read and still lies there is read again after this.
    const READ_AGAIN: Duration = Duration::from_millis(150);

    /// Tells each chip once while it lies there, until `seen` says that it is enough; `news` is about
    /// the reader.
    pub(crate) fn watch(
        named: Option<&str>,
        mut news: impl FnMut(&str),
        mut seen: impl FnMut(Result<Chip, ChipError>) -> bool,
    ) -> Result<(), Failure> {
        let context = Context::establish(Scope::User).map_err(failed)?;
        let mut touches = Touches::default();
        loop {
            let reader = wait_for(&context, named, &mut news)?;
            let mut states = [ReaderState::new(reader.clone(), State::UNAWARE)];
            let mut unread = Unread::default();
            loop {
                let surface = match context.get_status_change(wait(&unread), &mut states) {
                    Ok(()) => surface(&states[0]),
                    Err(Error::Timeout) => {
                        let again = unread.after(read(&context, &reader));
                        if again.is_some_and(|chip| !seen(chip)) {
                            return Ok(());
                        }
                        continue;
                    }
                    Err(Error::UnknownReader | Error::ReaderUnavailable) => Surface::Away,
                    Err(error) => return Err(failed(error)),
                };
                states[0].sync_current_state();
                let told = match touches.turn(surface) {
                    None => None,
                    Some(Turn::Read) => unread.after(read(&context, &reader)),
                    Some(Turn::Complain) => Some(Err(ChipError::Reader("no answer".to_owned()))),
                    Some(turn @ (Turn::Plugged | Turn::Taken)) => {
                        let ready = turn == Turn::Plugged;
                        tracing::debug!(reader = %reader.to_string_lossy(), ready, "a free reader");
                        if ready {
                            news(&format!("Chips are read at {}.", reader.to_string_lossy()));
                        }
                        unread.taken_away()
                    }
                    Some(Turn::Unplugged) => {
                        news("The chip reader is gone: plug it in again.");
                        break;
                    }
                };
                if told.is_some_and(|chip| !seen(chip)) {
                    return Ok(());
                }
            }
        }
    }

    /// How long something may take to happen; `None` for ever.
    fn wait(unread: &Unread) -> Option<Duration> {
        unread.is_to_be_read_again().then_some(READ_AGAIN)
    }

    fn surface(reader: &ReaderState) -> Surface {
        let state = reader.event_state();
        if state.intersects(State::UNKNOWN | State::UNAVAILABLE | State::IGNORE) {
            Surface::Away
        } else if state.contains(State::MUTE) {
            Surface::Mute
        } else if state.contains(State::PRESENT) {
            Surface::Chip(reader.event_count())
        } else {
            Surface::Free
        }
    }

    /// The reader that is meant, as soon as it is plugged in.
    fn wait_for(
        context: &Context,
        named: Option<&str>,
        news: &mut impl FnMut(&str),
    ) -> Result<CString, Failure> {
        let mut told = None;
        loop {
            let readers = match context.list_readers_owned() {
                Ok(readers) => readers,
                Err(Error::NoReadersAvailable) => Vec::new(),
                Err(error) => return Err(failed(error)),
            };
            let names = readers.iter().map(|of| of.to_string_lossy().into_owned());
            let names: Vec<String> = names.collect();
            match (named, &readers[..]) {
                (None, [only]) => return Ok(only.clone()),
                (None, [_, _, ..]) => {
                    return Err(Failure::Usage(format!(
                        "there are several chip readers, name one: {}",
                        names.join(", ")
                    )));
                }
                (None, []) => {}
                (Some(named), _) => {
                    let is_meant = |of: &&CString| of.to_string_lossy().contains(named);
                    if let Some(reader) = readers.iter().find(is_meant) {
                        return Ok(reader.clone());
                    }
                }
            }
            let missing = match named {
                None => "No chip reader is plugged in: waiting for one.".to_owned(),
                Some(named) => format!("No chip reader is called {named}: waiting for it."),
            };
            if told.as_ref() != Some(&missing) {
                news(&missing);
                told = Some(missing);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn read(context: &Context, reader: &CStr) -> Result<Chip, ChipError> {
        let card = context
            .connect(reader, ShareMode::Shared, Protocols::ANY)
            .map_err(trouble)?;
        chip::read(&mut OnReader(card))
    }

    struct OnReader(Card);

    impl ChipReader for OnReader {
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChipError> {
            let mut buffer = [0; MAX_BUFFER_SIZE];
            let answer = self.0.transmit(command, &mut buffer).map_err(trouble)?;
            let (data, status) = answer
                .split_last_chunk()
                .ok_or(ChipError::Malformed("an answer without a status"))?;
            match u16::from_be_bytes(*status) {
                0x9000 => Ok(data.to_vec()),
                status => Err(ChipError::Status(status)),
            }
        }
    }

    fn trouble(error: Error) -> ChipError {
        match error {
            Error::NoSmartcard | Error::RemovedCard | Error::ResetCard => ChipError::Gone,
            other => ChipError::Reader(other.to_string()),
        }
    }

    fn failed(error: Error) -> Failure {
        let why = match error {
            Error::NoService | Error::ServiceStopped => {
                "the system's service for chip readers (pcscd) does not run".to_owned()
            }
            other => format!("chip readers cannot be used: {other}"),
        };
        Failure::Io(std::io::Error::other(why))
    }
}
