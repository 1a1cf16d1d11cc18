//! Arrays: known values, row-major, and parts of them.

use std::rc::Rc;

use super::scope::{Symbol, Term};
use super::{Lowered, Lowering, integer};
use crate::circuit::classical::{Type, Value};
use crate::diagnostic::Span;
use crate::qasm::ast::{BinaryOp, Expr, ExprKind, Index, Name, TypeExpr};

/// Source: OpenQASM 3 specification, arrays.
const MAX_DIMENSIONS: usize = 7;
const MAX_ELEMENTS: u64 = 1 << 20;

/// A part of an array: an element where no dimension is left.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The array.
    pub name: String,
    /// Type of its elements.
    pub ty: Type,
    pub constant: bool,
    /// Dimensions that are left.
    pub dimensions: Vec<usize>,
    /// Place of each element in the array, row-major; none where all of it is meant.
    pub at: Option<Vec<usize>>,
}

impl Lowering<'_> {
    pub(super) fn declare_array(
        &mut self,
        constant: bool,
        ty: &TypeExpr,
        name: &Name,
        value: Option<&Expr>,
    ) -> Lowered<()> {
        if ty.dimensions.len() > MAX_DIMENSIONS {
            let message = format!("an array has at most {MAX_DIMENSIONS} dimensions");
            return self.error("SB5015", ty.span, message, "use fewer");
        }
        let element = self.resolve_type(ty)?;
        let mut dimensions = Vec::new();
        let mut total = 1u64;
        for dimension in &ty.dimensions {
            let size = self.size(dimension, MAX_ELEMENTS)?;
            total = total.saturating_mul(size);
            dimensions.push(size as usize);
        }
        if total > MAX_ELEMENTS {
            return self.limit(ty.span, "elements of an array", MAX_ELEMENTS);
        }
        let mut values = Vec::new();
        match value {
            Some(list) => self.array_values(list, element, &dimensions, &mut values)?,
            None => values = vec![super::declare::zero(element); total as usize],
        }
        self.declare(
            name,
            Symbol::Array { ty: element, dimensions: dimensions.into(), values: Rc::new(values), constant },
        )
    }

    /// Appends the values of arrays that are joined along their first dimension.
    fn joined_values(
        &mut self,
        expr: &Expr,
        ty: Type,
        size: usize,
        rest: &[usize],
        out: &mut Vec<Value>,
    ) -> Lowered<()> {
        let mut parts = Vec::new();
        let mut left = vec![expr];
        while let Some(part) = left.pop() {
            match &part.kind {
                ExprKind::Binary(BinaryOp::Join, a, b) => left.extend([&**b, &**a]),
                _ => parts.push(part),
            }
        }
        let mut total = 0;
        for part in parts {
            let length = match &part.kind {
                ExprKind::List(items) => Some(items.len()),
                _ => self.view(part)?.and_then(|view| view.dimensions.first().copied()),
            };
            let Some(length) = length else {
                return self.error(
                    "SB5022",
                    part.span,
                    "this is no array",
                    "join arrays and lists with `++`",
                );
            };
            total += length;
            let dimensions: Vec<usize> = std::iter::once(length).chain(rest.iter().copied()).collect();
            self.array_values(part, ty, &dimensions, out)?;
        }
        if total == size {
            return Ok(());
        }
        let message = format!("{total} elements for a dimension of {size}");
        self.error("SB5022", expr.span, message, "declare the array as long as both together")
    }

    /// Appends the values of a list, an array or a part of one.
    pub(super) fn array_values(
        &mut self,
        expr: &Expr,
        ty: Type,
        dimensions: &[usize],
        out: &mut Vec<Value>,
    ) -> Lowered<()> {
        let Some((&size, rest)) = dimensions.split_first() else {
            let term = self.value(expr)?;
            let Term::Known(value) = self.fold_cast(ty, term, expr.span)? else {
                return self.error(
                    "SB5033",
                    expr.span,
                    "elements must be known before the program runs",
                    "use constants",
                );
            };
            out.push(value);
            return Ok(());
        };
        if matches!(expr.kind, ExprKind::Binary(BinaryOp::Join, ..)) {
            return self.joined_values(expr, ty, size, rest, out);
        }
        let ExprKind::List(items) = &expr.kind else {
            let part = self.view(expr)?.filter(|v| v.dimensions == dimensions);
            let Some(part) = part else {
                return self.error(
                    "SB5022",
                    expr.span,
                    format!("expected a list of {size}"),
                    "write `{a, b}`",
                );
            };
            for value in self.view_values(&part) {
                let term = self.fold_cast(ty, Term::Known(value), expr.span)?;
                if let Term::Known(value) = term {
                    out.push(value);
                }
            }
            return Ok(());
        };
        if items.len() != size {
            let message = format!("{} elements for a dimension of {size}", items.len());
            return self.error("SB5022", expr.span, message, "give one for each");
        }
        items.iter().try_for_each(|item| self.array_values(item, ty, rest, out))
    }

    /// The part of an array that an expression names; `None` where it names something else.
    pub(super) fn view(&mut self, expr: &Expr) -> Lowered<Option<View>> {
        match &expr.kind {
            ExprKind::Name(name) => {
                let Some(Symbol::Array { ty, dimensions, constant, .. }) =
                    self.scopes.find(name).map(|e| &e.symbol)
                else {
                    return Ok(None);
                };
                Ok(Some(View {
                    name: name.clone(),
                    ty: *ty,
                    constant: *constant,
                    dimensions: dimensions.to_vec(),
                    at: None,
                }))
            }
            ExprKind::Index(of, indices) => {
                let Some(view) = self.view(of)? else { return Ok(None) };
                self.part(view, indices, expr.span).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Values of a part, in order.
    pub(super) fn view_values(&self, view: &View) -> Vec<Value> {
        match self.scopes.find(&view.name).map(|e| &e.symbol) {
            Some(Symbol::Array { values, .. }) => match &view.at {
                Some(at) => at.iter().filter_map(|&i| values.get(i).copied()).collect(),
                None => values.to_vec(),
            },
            _ => Vec::new(),
        }
    }

    fn part(&mut self, view: View, indices: &[Index], span: Span) -> Lowered<View> {
        if indices.len() > view.dimensions.len() {
            let message = format!("only {} dimensions are left to index", view.dimensions.len());
            return self.error("SB5022", span, message, "give one index for each");
        }
        let (mut dimensions, mut offsets) = (Vec::new(), vec![0usize]);
        for (k, &size) in view.dimensions.iter().enumerate() {
            let picked: Vec<usize> = match indices.get(k) {
                None => (0..size).collect(),
                Some(index) => self.picked(index, size, span)?,
            };
            if !matches!(indices.get(k), Some(Index::One(_))) {
                dimensions.push(picked.len());
            }
            offsets = offsets.iter().flat_map(|o| picked.iter().map(move |p| o * size + p)).collect();
        }
        self.work(offsets.len(), span)?;
        let at = offsets.into_iter().map(|o| view.at.as_ref().map_or(o, |at| at[o])).collect();
        Ok(View { dimensions, at: Some(at), ..view })
    }

    /// Places along one dimension; a negative index counts from the end.
    fn picked(&mut self, index: &Index, size: usize, span: Span) -> Lowered<Vec<usize>> {
        let one = |this: &mut Self, e: &Expr| -> Lowered<usize> {
            let value = this.value(e)?;
            let n = integer(value).map(|i| if i < 0 { i + size as i64 } else { i });
            match n.filter(|i| (0..size as i64).contains(i)) {
                Some(i) => Ok(i as usize),
                None => {
                    let message = format!("the index is outside 0..{size}");
                    this.error("SB5022", e.span, message, "use one within")
                }
            }
        };
        match index {
            Index::One(e) => Ok(vec![one(self, e)?]),
            Index::Set(items) => items.iter().map(|e| one(self, e)).collect(),
            Index::Range(parts) => {
                let (first, step, last) = &**parts;
                let first = first.as_ref().map_or(Ok(0), |e| one(self, e))? as i64;
                let last = last.as_ref().map_or(Ok(size.saturating_sub(1)), |e| one(self, e))? as i64;
                let step = match step {
                    None => Some(1),
                    Some(e) => integer(self.value(e)?),
                };
                match step {
                    Some(step) if step != 0 => {
                        let rounds =
                            super::control::rounds(first.into(), step.into(), last.into()).max(0) as i64;
                        Ok((0..rounds).map(|k| (first + k * step) as usize).collect())
                    }
                    _ => self.error("SB5022", span, "a range cannot step by 0", "step by 1 or more"),
                }
            }
        }
    }

    /// Sets a part of an array; `term` is the value where one element is set.
    pub(super) fn assign_view(
        &mut self,
        view: &View,
        term: Option<Term>,
        value: &Expr,
        span: Span,
    ) -> Lowered<()> {
        const KEPT: &str = "keep measured values in scalar variables or bits";
        if view.constant {
            let message = format!("`{}` cannot be changed", view.name);
            return self.error("SB5037", span, message, "use another variable");
        }
        if self.conditional > 0 {
            let message = "an array cannot change under a condition known only at run time";
            return self.error("SB5038", span, message, KEPT);
        }
        let mut fresh = Vec::new();
        match term {
            Some(term) => {
                let Term::Known(value) = self.fold_cast(view.ty, term, span)? else {
                    let message = "an array holds only values known before the program runs";
                    return self.error("SB5038", span, message, KEPT);
                };
                fresh.push(value);
            }
            None => self.array_values(value, view.ty, &view.dimensions, &mut fresh)?,
        }
        self.store(view, &fresh);
        Ok(())
    }

    /// Puts values into a part of an array.
    pub(super) fn store(&mut self, view: &View, fresh: &[Value]) {
        if let Some(entry) = self.scopes.find_mut(&view.name)
            && let Symbol::Array { values, .. } = &mut entry.symbol
        {
            let values = Rc::make_mut(values);
            for (i, &value) in fresh.iter().enumerate() {
                values[view.at.as_ref().map_or(i, |at| at[i])] = value;
            }
        }
    }

    /// Size of a dimension of an input array.
    pub(super) fn array_size(&mut self, dimension: &Expr) -> Lowered<usize> {
        Ok(self.size(dimension, MAX_ELEMENTS)? as usize)
    }
}
