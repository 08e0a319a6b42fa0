//! The books: hold the services' records against each other, and see to what is not as it should be.
//!
//! Every answer says what was seen or done; whatever may pass is an error of the activity and is retried.

#![expect(
    missing_docs,
    reason = "the macro makes markers without docs; their methods below have them"
)]

pub use self::books_capability::{Attend, Conclude, Look, LookAgain};

use contracts::books::{
    AttendTo, AttendedTo, ConcludeBooks, ConcludedBooks, LookAtBooks, Looked, SeenAgain,
};
use temporalio_macros::activity_definitions;

/// Groups the declarations; never made.
pub struct BooksCapability;

#[expect(clippy::unimplemented, reason = "a declaration: the macro wants this very body")]
#[activity_definitions]
impl BooksCapability {
    /// Reads as many pages as one look may take, and names what is not as it should be.
    #[activity(name = "books.look")]
    pub fn look(books: LookAtBooks) -> Looked {
        unimplemented!()
    }

    /// Looks at suspects once more.
    #[activity(name = "books.look_again")]
    pub fn look_again(suspects: contracts::books::LookAgain) -> SeenAgain {
        unimplemented!()
    }

    /// Starts the process of each violator again, or tells a person of it.
    #[activity(name = "books.attend")]
    pub fn attend(violators: AttendTo) -> AttendedTo {
        unimplemented!()
    }

    /// Closes cases that are none any more, and measures.
    #[activity(name = "books.conclude")]
    pub fn conclude(books: ConcludeBooks) -> ConcludedBooks {
        unimplemented!()
    }
}
