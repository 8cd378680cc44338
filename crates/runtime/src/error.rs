//! The one error that the API returns: a guest's trap, exit or exception, or what the host did.

use crate::{Backtrace, ExnRef, OwnedRooted};
use alloc::{boxed::Box, string::String, string::ToString, vec::Vec};
use core::error::Error as StdError;
use core::fmt;
use tierra_core::Trap;
use tierra_module::ModuleError;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why something did not work. One pointer wide.
///
/// What it was is asked for by method: [`trap`](Error::trap), [`exit_code`](Error::exit_code),
/// [`exception`](Error::exception), [`downcast_ref`](Error::downcast_ref). Like other
/// catch-all errors it does not implement [`core::error::Error`] itself, so that `?` turns every
/// type that does into it; `Box<dyn Error + Send + Sync>` can be made from it.
pub struct Error(Box<Inner>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());

struct Inner {
    kind: Kind,
    /// Outermost last.
    context: Vec<String>,
    backtrace: Option<Backtrace>,
}

enum Kind {
    Trap(Trap),
    Exit(i32),
    Exception(OwnedRooted<ExnRef>),
    Message(String),
    Other(Box<dyn StdError + Send + Sync>),
}

/// The guest ended with this code, as by WASI's `proc_exit`. A host function that returns it as
/// its error ends the guest; nothing in the guest can catch it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exit(pub i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with code {}", self.0)
    }
}

impl StdError for Exit {}

/// What a guest may and may not link with, told apart from other errors by
/// [`Error::is_link`].
#[derive(Debug)]
pub(crate) struct LinkError(pub String);

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for LinkError {}

impl Error {
    fn of(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            context: Vec::new(),
            backtrace: None,
        }))
    }

    /// An error that consists of a message.
    pub fn msg(message: impl Into<String>) -> Self {
        Self::of(Kind::Message(message.into()))
    }

    /// An error that holds another one; the same as `from`.
    pub fn new(error: impl StdError + Send + Sync + 'static) -> Self {
        Self::from(error)
    }

    pub(crate) fn link(message: String) -> Self {
        Self::of(Kind::Other(Box::new(LinkError(message))))
    }

    pub(crate) fn from_trap(trap: Trap, backtrace: Option<Backtrace>) -> Self {
        let mut error = Self::of(Kind::Trap(trap));
        error.0.backtrace = backtrace;
        error
    }

    pub(crate) fn from_exception(exn: OwnedRooted<ExnRef>) -> Self {
        Self::of(Kind::Exception(exn))
    }

    pub(crate) fn set_backtrace(&mut self, backtrace: Option<Backtrace>) {
        if self.0.backtrace.is_none() {
            self.0.backtrace = backtrace;
        }
    }

    /// The trap, if the guest trapped.
    pub fn trap(&self) -> Option<Trap> {
        match self.0.kind {
            Kind::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    /// The exit code, if the guest ended by [`Exit`].
    pub fn exit_code(&self) -> Option<i32> {
        match self.0.kind {
            Kind::Exit(code) => Some(code),
            _ => None,
        }
    }

    /// The exception, if the guest threw one that it did not catch.
    pub fn exception(&self) -> Option<&OwnedRooted<ExnRef>> {
        match &self.0.kind {
            Kind::Exception(exn) => Some(exn),
            _ => None,
        }
    }

    /// Where in the guest the error came from, innermost frame first.
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.0.backtrace.as_ref()
    }

    /// Whether the bytes were not a valid module.
    pub fn is_module(&self) -> bool {
        self.downcast_ref::<ModuleError>().is_some()
    }

    /// Whether imports and what was given for them did not fit.
    pub fn is_link(&self) -> bool {
        self.downcast_ref::<LinkError>().is_some()
    }

    /// The error that this one was made from, if it has the type `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        match &self.0.kind {
            Kind::Other(e) => e.downcast_ref(),
            Kind::Trap(trap) => (trap as &(dyn StdError + 'static)).downcast_ref(),
            _ => None,
        }
    }

    /// Takes the error out that this one was made from, if it has the type `E`.
    ///
    /// # Errors
    /// Gives the error back if it is something else.
    pub fn downcast<E: StdError + Send + Sync + 'static>(mut self) -> Result<E> {
        match self.0.kind {
            Kind::Other(e) => match e.downcast::<E>() {
                Ok(e) => Ok(*e),
                Err(e) => {
                    self.0.kind = Kind::Other(e);
                    Err(self)
                }
            },
            _ => Err(self),
        }
    }

    /// Says in addition what was attempted. `Display` prints it in front.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.context.push(what.to_string());
        self
    }

    /// The innermost cause without the context.
    pub fn root_message(&self) -> String {
        self.0.kind.to_string()
    }
}

/// Adds context to the error of a result.
pub trait Context<T> {
    /// Says what was attempted.
    ///
    /// # Errors
    /// The result's error, with the context.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for core::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|e| e.into().context(what))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Trap(trap) => write!(f, "wasm trap: {trap}"),
            Kind::Exit(code) => Exit(*code).fmt(f),
            Kind::Exception(_) => f.write_str("uncaught wasm exception"),
            Kind::Message(message) => f.write_str(message),
            Kind::Other(error) => {
                error.fmt(f)?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in self.0.context.iter().rev() {
            write!(f, "{what}: ")?;
        }
        self.0.kind.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match &self.0.backtrace {
            Some(backtrace) if !backtrace.frames().is_empty() => write!(f, "\n{backtrace}"),
            _ => Ok(()),
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let any: &(dyn StdError + 'static) = &error;
        if let Some(trap) = any.downcast_ref::<Trap>() {
            return Self::of(Kind::Trap(*trap));
        }
        if let Some(exit) = any.downcast_ref::<Exit>() {
            return Self::of(Kind::Exit(exit.0));
        }
        Self::of(Kind::Other(Box::new(error)))
    }
}

/// An [`Error`] as a standard error, for those who box it.
struct Boxed(Error);

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Boxed {}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        Box::new(Boxed(error))
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        Box::new(Boxed(error))
    }
}
