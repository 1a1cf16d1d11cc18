//! Subroutine calls, inlined.

use super::scope::{Symbol, Term};
use super::{Flow, Lowered, Lowering};
use crate::diagnostic::Span;
use crate::limits;
use crate::qasm::ast::{Def, Expr, ExprKind, Name, Parameter};

impl Lowering<'_> {
    pub(super) fn call_for_effect(&mut self, value: &Expr) -> Lowered<()> {
        if let ExprKind::Call(name, arguments) = &value.kind {
            if let Some(Symbol::Def(def)) = self.scopes.find(&name.text).map(|e| e.symbol.clone()) {
                self.call_def(&def, arguments, value.span)?;
                return Ok(());
            }
            return self.error(
                "SB5021",
                name.span,
                format!("there is no subroutine `{}`", name.text),
                "define it with `def`",
            );
        }
        self.value(value)?;
        Ok(())
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
        let mut bound = Vec::new();
        for (parameter, argument) in def.parameters.iter().zip(arguments) {
            bound.push(self.argument(parameter, argument)?);
        }
        self.scopes.open_body();
        for (name, symbol) in bound {
            self.declare(&name, symbol)?;
        }
        self.calls.push((span, def.name.text.clone()));
        let flow = self.statements(&def.body);
        self.calls.pop();
        self.scopes.close_body();
        match (flow, &def.returns) {
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
                if let ExprKind::Name(given) = &argument.kind
                    && let Some(Symbol::Array { .. }) = self.scopes.find(given).map(|e| &e.symbol)
                {
                    let symbol = self.find(given, argument.span)?.symbol;
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
