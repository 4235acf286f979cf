//! The [`Links`](bitcraps_actors::ports::Links) port over QUIC.
