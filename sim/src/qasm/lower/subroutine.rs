//! Subroutine calls, inlined.

use std::rc::Rc;

use super::leave::leaves_body;
use super::scope::{Symbol, Term};
use super::{Flow, Lowered, Lowering};
use crate::circuit::classical::{Function, Value};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::qasm::ast::{Call, Def, Expr, ExprKind, Name, Parameter};

impl Lowering<'_> {
    pub(super) fn call_for_effect(&mut self, value: &Expr) -> Lowered<()> {
        if let ExprKind::Call(name, arguments) = &value.kind {
            if let Some(Symbol::Def(def)) = self.scopes.find(&name.text).map(|e| e.symbol.clone()) {
                self.call_def(&def, arguments, value.span)?;
                return Ok(());
            }
            // A gate on no qubits, as Qiskit writes a global phase, looks like a call for its effect.
            if let Some(Symbol::Gate { .. }) = self.scopes.find(&name.text).map(|e| &e.symbol) {
                let call = Call {
                    modifiers: Vec::new(),
                    name: name.clone(),
                    arguments: arguments.clone(),
                    operands: Vec::new(),
                };
                return self.call(&call, value.span);
            }
            if let Some(Symbol::Kept) = self.scopes.find(&name.text).map(|e| &e.symbol) {
                return self.outside(name);
            }
            if self.known_target(&name.text).is_some() {
                let message = format!("`{}` is a gate, and qubits stand behind it", name.text);
                let help = format!("write its qubits without parentheses: `{} q[0];`", name.text);
                return self.error("SB5021", name.span, message, &help);
            }
            if Function::named(&name.text).is_none() {
                return self.error(
                    "SB5021",
                    name.span,
                    format!("there is no subroutine `{}`", name.text),
                    "define it with `def`",
                );
            }
        }
        self.value(value)?;
        Ok(())
    }

    /// A function that is declared but whose body only its maker has.
    pub(super) fn outside<T>(&mut self, name: &Name) -> Lowered<T> {
        let message = format!("the body of `{}` is outside the program", name.text);
        let declared = self.scopes.find(&name.text).map(|e| e.span);
        let mut diagnostic = Diagnostic::error("SB5046", name.span, message)
            .with_label("cannot be called here")
            .with_help("write its body with `def` in place of the `extern` line");
        if let Some(span) = declared {
            diagnostic = diagnostic.with_related(span, "declared here");
        }
        self.note(diagnostic);
        Err(super::Lost)
    }

    /// A subroutine, inlined; its return value, if any.
    pub(super) fn call_def(&mut self, def: &Def, arguments: &[Expr], span: Span) -> Lowered<Option<Term>> {
        if arguments.len() != def.parameters.len() {
            return self.wrong_number(&def.name, "arguments", def.parameters.len(), arguments.len(), span);
        }
        if self.calls.iter().any(|(_, name)| *name == def.name.text) {
            return self.error("SB5049", span, format!("`{}` calls itself", def.name.text), "use a loop");
        }
        if self.calls.len() as u32 >= limits::NESTING {
            return self.limit(span, "levels of subroutines", u64::from(limits::NESTING));
        }
        self.step(span)?;
        let (mut bound, mut lent) = (Vec::new(), Vec::new());
        for (parameter, argument) in def.parameters.iter().zip(arguments) {
            bound.push(self.argument(parameter, argument)?);
            if let (Parameter::Value(_, name), Some(view)) = (parameter, self.view(argument)?) {
                lent.push((name.text.clone(), view));
            }
        }
        self.scopes.open_body();
        for (name, symbol) in bound {
            self.declare(&name, symbol)?;
        }
        self.calls.push((span, def.name.text.clone()));
        let errors = self.diagnostics.len();
        let flow = if self.leaves_late(&def.body, leaves_body) {
            let ty = def.returns.as_ref().map(|ty| self.resolve_type(ty)).transpose();
            ty.and_then(|ty| self.early_body(&def.body, ty, span))
        } else {
            Ok(self.statements(&def.body))
        };
        // Arrays are passed by reference: what the body left in its own goes back.
        lent.retain(|(_, view)| !view.dimensions.is_empty() && !view.constant);
        let left: Vec<Vec<Value>> = lent
            .iter()
            .map(|(name, _)| match self.scopes.find(name).map(|e| &e.symbol) {
                Some(Symbol::Array { values, .. }) => values.to_vec(),
                _ => Vec::new(),
            })
            .collect();
        self.calls.pop();
        self.scopes.close_body();
        lent.iter().zip(left).for_each(|((_, view), values)| self.store(view, &values));
        if self.diagnostics.len() > errors {
            return Err(super::Lost);
        }
        match (flow?, &def.returns) {
            (Flow::Return(Some(term)), Some(ty)) => {
                let ty = self.resolve_type(ty)?;
                self.fold_cast(ty, term, span).map(Some)
            }
            (_, Some(_)) => {
                self.error("SB5049", span, format!("`{}` ends without a value", def.name.text), "return one")
            }
            _ => Ok(None),
        }
    }

    fn argument(&mut self, parameter: &Parameter, argument: &Expr) -> Lowered<(Name, Symbol)> {
        match parameter {
            Parameter::Qubits(size, name) => {
                let operand = self.qubits(argument)?;
                let wanted = size.as_ref().map_or(Ok(1), |s| self.size(s, limits::QUBITS))?;
                if operand.list.len() as u64 != wanted {
                    let message =
                        format!("`{}` takes {wanted} qubits, {} given", name.text, operand.list.len());
                    return self.error("SB5024", argument.span, message, "give a register of that size");
                }
                let symbol = Symbol::Qubits { list: operand.list.into(), lone: size.is_none() };
                Ok((name.clone(), symbol))
            }
            Parameter::Value(ty, name) => {
                if let Some(view) = self.view(argument)?.filter(|v| !v.dimensions.is_empty()) {
                    let values = Rc::new(self.view_values(&view));
                    self.work(values.len(), argument.span)?;
                    let dimensions = view.dimensions.into();
                    let symbol = Symbol::Array { ty: view.ty, dimensions, values, constant: false };
                    return Ok((name.clone(), symbol));
                }
                let ty = self.resolve_type(ty)?;
                let term = self.value(argument)?;
                Ok((
                    name.clone(),
                    match self.fold_cast(ty, term, argument.span)? {
                        Term::Known(value) => Symbol::Known { ty, value, constant: false },
                        term => Symbol::Bound(term),
                    },
                ))
            }
        }
    }
}
