//! A connection to the fake server that can be cut.

use std::rc::Rc;

use data_encoding::HEXLOWER;
use scanner_core::{Transport, TransportError};
use shared::api::gate::{EnrolChallenge, EnrolRequest, EnrolResponse};
use shared::sync::{
    AnswersResponse, CheckpointResponse, ScanKeysResponse, SegmentsResponse, SignedRequest,
    SyncRequest, SyncResponse,
};

use crate::server::{Server, Shared};

/// Every message goes through its wire form.
pub(crate) struct Wire {
    pub(crate) server: Shared,
    /// Calls that still go through; `None` for no limit.
    pub(crate) calls_left: Option<usize>,
    /// The last call reaches the server and its answer is lost.
    pub(crate) lose_answer: bool,
    pub(crate) calls: usize,
    /// Somebody in between who answers for scan keys.
    pub(crate) scan_keys_of: Option<Shared>,
    /// What was asked in syncs.
    pub(crate) requests: Vec<SyncRequest>,
    /// What somebody in between answers to a sync, in the server's place.
    pub(crate) in_between: Option<TransportError>,
    /// As over TLS.
    pub(crate) authentic: bool,
}

impl Wire {
    pub(crate) fn to(server: &Shared) -> Self {
        Self {
            server: Rc::clone(server),
            calls_left: None,
            lose_answer: false,
            calls: 0,
            scan_keys_of: None,
            requests: Vec::new(),
            in_between: None,
            authentic: false,
        }
    }
    pub(crate) fn cut_after(server: &Shared, calls: usize, lose_answer: bool) -> Self {
        Self {
            calls_left: Some(calls),
            lose_answer,
            ..Self::to(server)
        }
    }

    fn call<T>(
        &mut self,
        answer: impl FnOnce(&mut Server) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let cut = || TransportError::Unreachable("cut".to_owned());
        self.calls += 1;
        match &mut self.calls_left {
            None => answer(&mut self.server.borrow_mut()),
            Some(0) if self.lose_answer => {
                answer(&mut self.server.borrow_mut())?;
                Err(cut())
            }
            Some(0) => Err(cut()),
            Some(left) => {
                *left -= 1;
                answer(&mut self.server.borrow_mut())
            }
        }
    }
}

impl Transport for Wire {
    fn is_authentic(&self) -> bool {
        self.authentic
    }
    fn challenge(&mut self) -> Result<EnrolChallenge, TransportError> {
        self.call(|server| {
            Ok(EnrolChallenge {
                nonce: HEXLOWER.encode(&server.nonce),
            })
        })
    }
    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.call(|server| server.enrol(request))
    }
    fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let asked = SyncRequest::from_wire(&request.body).expect("in bounds");
        self.requests.push(asked);
        if let Some(answer) = self.in_between.clone() {
            return Err(answer);
        }
        let answer = self.call(|server| server.sync(&request))?;
        Ok(SyncResponse::from_wire(&answer.to_wire()).expect("canonical"))
    }
    fn segments(&mut self, request: &SignedRequest) -> Result<SegmentsResponse, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let answer = self.call(|server| Ok(server.segments(&request)))?;
        Ok(SegmentsResponse::from_wire(&answer.to_wire()).expect("canonical"))
    }
    fn scan_keys(
        &mut self,
        request: &SignedRequest,
    ) -> Result<Option<ScanKeysResponse>, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let between = self.scan_keys_of.clone();
        let answer = self.call(|server| {
            Ok(match between {
                Some(other) => other.borrow().give_scan_keys(&request),
                None => server.give_scan_keys(&request),
            })
        })?;
        let through = |answer: ScanKeysResponse| {
            ScanKeysResponse::from_wire(&answer.to_wire()).expect("canonical")
        };
        Ok(answer.map(through))
    }
    fn checkpoint(
        &mut self,
        request: &SignedRequest,
    ) -> Result<Option<CheckpointResponse>, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let answer = self.call(|server| Ok(server.give_checkpoint(&request)))?;
        Ok(Some(
            CheckpointResponse::from_wire(&answer.to_wire()).expect("canonical"),
        ))
    }
    fn answers(&mut self, request: &SignedRequest) -> Result<AnswersResponse, TransportError> {
        let request = SignedRequest::from_wire(&request.to_wire()).expect("canonical");
        let answer = self.call(|server| Ok(server.answers(&request)))?;
        Ok(AnswersResponse::from_wire(&answer.to_wire()).expect("canonical"))
    }
}
