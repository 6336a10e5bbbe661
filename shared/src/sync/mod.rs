//! Sync messages: postcard, `V1` first, read strictly (nothing left over, re-encoding equals).

pub mod answers;
pub mod carried;
pub mod claim;
pub mod frame;
pub mod message;
pub mod report;
pub mod strict;

pub use answers::{Answered, AnswersRequest, AnswersResponse};
pub use carried::Carried;
pub use frame::{Frame, Message};
pub use message::{
    CheckpointRequest, CheckpointResponse, LogVector, ScanKeysRequest, ScanKeysResponse,
    SegmentsRequest, SegmentsResponse, SignedRequest, StatementSet, SyncRequest, SyncResponse,
};
pub use report::DeviceReport;
pub use strict::{StrictError, from_wire, to_wire};
