//! What a circuit means: read OpenQASM, check it against a target, translate it, simulate it.
//!
//! The modules in reading order: [`circuit`] is the intermediate form and its gate table, [`qasm`]
//! turns text into it and back, [`diagnostic`] says what is wrong and where, [`result`] names what
//! can be asked of a run, [`engine`] answers, [`target`] knows what each device accepts.
//!
//! This package opens no file or socket, reads no clock or environment, and knows no price.

pub mod circuit;
pub mod codes;
pub mod diagnostic;
pub mod draw;
pub mod engine;
pub mod expect;
pub mod limits;
pub mod noise;
pub mod noise_model;
pub mod pauli;
mod plan;
pub mod qasm;
pub mod result;
pub mod sample;
pub mod target;
pub mod verify;
