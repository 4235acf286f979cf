//! The engines under one type, so that the host is compiled once and the choice of a protocol is data.
//!
//! The genesis names the [`Protocol`], and a node makes its [`AnyEngine`] from it. What the engines say and write is
//! tagged with the protocol; what another protocol's engine said never reaches this one.

use crate::{
    Config, Engine, Evidence, HotStuff, Input, Invalid, Message, Output, Pbft, SignBytes, Signed, Tendermint,
    ValidatorSet, Verified, hotstuff, pbft, tendermint,
};
use bitcraps_types::{ChainId, Height, Protocol, Round, Signature, Time, ValidatorIndex, Verify};
use borsh::{BorshDeserialize, BorshSerialize};

/// One of the protocols' types, tagged.
macro_rules! any {
    ($(#[$doc:meta])* $any:ident { $($protocol:ident($inner:ty)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
        pub enum $any {
            $(#[doc = concat!("Of ", stringify!($protocol), ".")] $protocol($inner)),+
        }

        $(
            impl From<$inner> for $any {
                fn from(inner: $inner) -> $any {
                    $any::$protocol(inner)
                }
            }

            impl TryFrom<$any> for $inner {
                type Error = OtherProtocol;

                fn try_from(any: $any) -> Result<$inner, OtherProtocol> {
                    match any {
                        $any::$protocol(inner) => Ok(inner),
                        _ => Err(OtherProtocol),
                    }
                }
            }
        )+
    };
}

any! {
    /// What validators send each other.
    AnyMessage {
        Pbft(pbft::PbftMessage),
        Tendermint(tendermint::TendermintMessage),
        HotStuff(hotstuff::HotStuffMessage),
    }
}
any! {
    /// What validators sign.
    AnyStatement {
        Pbft(pbft::Statement),
        Tendermint(tendermint::Statement),
        HotStuff(hotstuff::Statement),
    }
}
any! {
    /// What engines write to the journal.
    AnyEntry {
        Pbft(pbft::Entry),
        Tendermint(tendermint::Entry),
        HotStuff(hotstuff::Entry),
    }
}

/// Something of one protocol came where another's belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("of another protocol")]
pub struct OtherProtocol;

/// An engine of any protocol, with room for what it says in a step until that is tagged: empty between two steps.
#[derive(Clone, Debug)]
pub enum AnyEngine {
    /// See [`Pbft`].
    Pbft(Pbft, Vec<Output<Pbft>>),
    /// See [`Tendermint`].
    Tendermint(Tendermint, Vec<Output<Tendermint>>),
    /// See [`HotStuff`].
    HotStuff(HotStuff, Vec<Output<HotStuff>>),
}

/// The same expression, whichever it is.
macro_rules! each {
    ($any:expr, $kind:ident($inner:ident) => $do:expr) => {
        match $any {
            $kind::Pbft($inner, ..) => $do,
            $kind::Tendermint($inner, ..) => $do,
            $kind::HotStuff($inner, ..) => $do,
        }
    };
}

impl Message for AnyMessage {
    type Statement = AnyStatement;

    fn statement(&self) -> AnyStatement {
        each!(self, AnyMessage(message) => message.statement().into())
    }

    fn author(&self) -> ValidatorIndex {
        each!(self, AnyMessage(message) => message.author())
    }

    fn height(&self) -> Height {
        each!(self, AnyMessage(message) => message.height())
    }

    fn kind(&self) -> &'static str {
        each!(self, AnyMessage(message) => message.kind())
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        each!(self, AnyMessage(message) => message.sign_bytes(chain))
    }
}

impl Message for AnyStatement {
    type Statement = AnyStatement;

    fn statement(&self) -> AnyStatement {
        self.clone()
    }

    fn author(&self) -> ValidatorIndex {
        each!(self, AnyStatement(statement) => statement.author())
    }

    fn height(&self) -> Height {
        each!(self, AnyStatement(statement) => statement.height())
    }

    fn kind(&self) -> &'static str {
        each!(self, AnyStatement(statement) => statement.kind())
    }

    fn sign_bytes(&self, chain: &ChainId) -> SignBytes {
        each!(self, AnyStatement(statement) => statement.sign_bytes(chain))
    }
}

impl AnyEntry {
    /// The height that it binds the validator at.
    pub fn height(&self) -> Height {
        each!(self, AnyEntry(entry) => entry.height())
    }
}

impl AnyEngine {
    /// An engine of this protocol about to begin `height`.
    pub fn new(protocol: Protocol, config: Config, validators: ValidatorSet, height: Height) -> AnyEngine {
        match protocol {
            Protocol::Pbft => AnyEngine::Pbft(Pbft::new(config, validators, height), Vec::new()),
            Protocol::Tendermint => {
                AnyEngine::Tendermint(Tendermint::new(config, validators, height), Vec::new())
            }
            Protocol::HotStuff => AnyEngine::HotStuff(HotStuff::new(config, validators, height), Vec::new()),
        }
    }
}

impl AnyEngine {
    /// Who proposes in this round (or view) of this height.
    pub fn proposer(
        protocol: Protocol,
        validators: &ValidatorSet,
        height: Height,
        round: Round,
    ) -> ValidatorIndex {
        match protocol {
            Protocol::Pbft => Pbft::primary(validators, round),
            Protocol::Tendermint => Tendermint::proposer(validators, height, round),
            Protocol::HotStuff => HotStuff::leader(validators, height, round),
        }
    }
}

impl Engine for AnyEngine {
    type Message = AnyMessage;
    type Entry = AnyEntry;

    fn restore(&mut self, entries: Vec<AnyEntry>) {
        each!(self, AnyEngine(engine) => {
            engine.restore(entries.into_iter().filter_map(|entry| entry.try_into().ok()).collect());
        });
    }

    fn take_place(&mut self, me: ValidatorIndex) {
        each!(self, AnyEngine(engine) => engine.take_place(me));
    }

    fn step(&mut self, now: Time, input: Input<Self>, out: &mut Vec<Output<Self>>) {
        match self {
            AnyEngine::Pbft(engine, said) => step(engine, said, now, input, out),
            AnyEngine::Tendermint(engine, said) => step(engine, said, now, input, out),
            AnyEngine::HotStuff(engine, said) => step(engine, said, now, input, out),
        }
    }

    fn height(&self) -> Height {
        each!(self, AnyEngine(engine) => engine.height())
    }

    fn round(&self) -> Round {
        each!(self, AnyEngine(engine) => engine.round())
    }

    fn conflicting(first: &AnyStatement, second: &AnyStatement) -> bool {
        match (first, second) {
            (AnyStatement::Tendermint(first), AnyStatement::Tendermint(second)) => {
                Tendermint::conflicting(first, second)
            }
            (AnyStatement::Pbft(first), AnyStatement::Pbft(second)) => Pbft::conflicting(first, second),
            (AnyStatement::HotStuff(first), AnyStatement::HotStuff(second)) => {
                HotStuff::conflicting(first, second)
            }
            _ => false,
        }
    }

    /// What another protocol's engine said is not known: it is for `verify` to judge.
    fn knows(&self, message: &AnyMessage, signature: &Signature) -> bool {
        match (self, message) {
            (AnyEngine::Pbft(engine, _), AnyMessage::Pbft(message)) => engine.knows(message, signature),
            (AnyEngine::Tendermint(engine, _), AnyMessage::Tendermint(message)) => {
                engine.knows(message, signature)
            }
            (AnyEngine::HotStuff(engine, _), AnyMessage::HotStuff(message)) => {
                engine.knows(message, signature)
            }
            _ => false,
        }
    }

    fn waiting(&self, author: ValidatorIndex) -> usize {
        each!(self, AnyEngine(engine) => engine.waiting(author))
    }

    fn verify(
        signed: Signed<AnyMessage>,
        validators: &ValidatorSet,
        chain: &ChainId,
        verify: &dyn Verify,
    ) -> Result<Verified<AnyMessage>, Invalid> {
        let Signed { message, signature } = signed;
        match message {
            AnyMessage::Pbft(message) => {
                Pbft::verify(Signed { message, signature }, validators, chain, verify).map(tagged)
            }
            AnyMessage::Tendermint(message) => {
                Tendermint::verify(Signed { message, signature }, validators, chain, verify).map(tagged)
            }
            AnyMessage::HotStuff(message) => {
                HotStuff::verify(Signed { message, signature }, validators, chain, verify).map(tagged)
            }
        }
    }

    #[cfg(feature = "byzantine")]
    fn forget_lock(&mut self) {
        each!(self, AnyEngine(engine) => engine.forget_lock());
    }
}

/// A step of one engine, with its input taken out of the tag and its outputs tagged.
fn step<E: Engine>(
    engine: &mut E,
    said: &mut Vec<Output<E>>,
    now: Time,
    input: Input<AnyEngine>,
    out: &mut Vec<Output<AnyEngine>>,
) where
    E::Message: TryFrom<AnyMessage>,
    AnyMessage: From<E::Message>,
    AnyStatement: From<<E::Message as Message>::Statement>,
    AnyEntry: From<E::Entry>,
{
    let input = match input {
        Input::Start => Input::Start,
        Input::Message(verified) => {
            let Signed { message, signature } = verified.into_signed();
            let Ok(message) = message.try_into() else { return };
            Input::Message(Verified::trust(Signed { message, signature }))
        }
        Input::Reachable(validator) => Input::Reachable(validator),
        Input::Timer(timer) => Input::Timer(timer),
        Input::Proposed { height, round, value } => Input::Proposed { height, round, value },
        Input::Verdict { height, digest, valid } => Input::Verdict { height, digest, valid },
        Input::Advance { height, validators } => Input::Advance { height, validators },
    };
    engine.step(now, input, said);
    out.extend(said.drain(..).map(|output| match output {
        Output::Persist { seq, entry } => Output::Persist { seq, entry: entry.into() },
        Output::Sign { message, after, to } => Output::Sign { message: message.into(), after, to },
        Output::Relay { to, message: Signed { message, signature } } => {
            Output::Relay { to, message: Signed { message: message.into(), signature } }
        }
        Output::SetTimer { timer, at } => Output::SetTimer { timer, at },
        Output::Propose { height, round } => Output::Propose { height, round },
        Output::Validate { height, value, fresh } => Output::Validate { height, value, fresh },
        Output::Decide { height, value, certificate } => Output::Decide { height, value, certificate },
        Output::Accuse(evidence) => {
            let Evidence { first, second } = *evidence;
            Output::Accuse(Box::new(Evidence { first: tag(first), second: tag(second) }))
        }
        Output::Entered { height, round, proposer, after_failure } => {
            Output::Entered { height, round, proposer, after_failure }
        }
        Output::Locked { height, round, digest } => Output::Locked { height, round, digest },
        Output::Behind { seen, from } => Output::Behind { seen, from },
        Output::Ahead { of, height } => Output::Ahead { of, height },
        Output::Transition(name) => Output::Transition(name),
    }));
}

/// The tag changes nothing of what is signed.
fn tag<M: Message + Into<N>, N: Message>(Signed { message, signature }: Signed<M>) -> Signed<N> {
    Signed { message: message.into(), signature }
}

fn tagged<M: Message + Into<N>, N: Message>(verified: Verified<M>) -> Verified<N> {
    Verified::trust(tag(verified.into_signed()))
}
