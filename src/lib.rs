//! Shotbook.
