//! The tree: what was written, with its place, before names mean anything.

pub use super::run::Run;
use crate::diagnostic::Span;

/// A name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its text.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// An integer literal.
    Int(u64),
    /// A float literal.
    Float(f64),
    /// A literal times the imaginary unit.
    Imaginary(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A bit string, leftmost bit most significant.
    Bits(String),
    /// A time. Units: seconds.
    Duration(f64),
    /// A time in cycles of a device, `100dt`.
    Cycles(f64),
    /// A name.
    Name(String),
    /// `$n`.
    Physical(u32),
    /// `value[indices]`.
    Index(Box<Expr>, Vec<Index>),
    /// An operator before its operand.
    Unary(UnaryOp, Box<Expr>),
    /// An operator between operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `name(arguments)`.
    Call(Name, Vec<Expr>),
    /// `type(value)`.
    Cast(Box<TypeExpr>, Box<Expr>),
    /// `measure qubits`, where a value may stand.
    Measure(Box<Expr>),
    /// `{a, b, c}`: an array, or qubits under one name.
    List(Vec<Expr>),
    /// `durationof({ … })`: how long these take.
    DurationOf(Vec<Stmt>),
}

impl Expr {
    /// Whether this has the form of qubits: names, elements of them, and several joined.
    pub(crate) fn may_be_qubits(&self) -> bool {
        match &self.kind {
            ExprKind::Name(_) | ExprKind::Physical(_) => true,
            ExprKind::Index(of, _) => of.may_be_qubits(),
            ExprKind::Binary(BinaryOp::Join, a, b) => a.may_be_qubits() && b.may_be_qubits(),
            ExprKind::List(items) => items.iter().all(Expr::may_be_qubits),
            _ => false,
        }
    }
}

/// One index.
#[derive(Clone, Debug, PartialEq)]
pub enum Index {
    /// One element.
    One(Expr),
    /// `start:step:end`, both ends included, each optional.
    Range(Box<Parts>),
    /// `{a, b, c}`.
    Set(Vec<Expr>),
}

/// Start, step and end of a range.
pub type Parts = (Option<Expr>, Option<Expr>, Option<Expr>);

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Minus,
    /// `!`
    Not,
    /// `~`
    Flip,
}

/// Operators between operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named by the operator it stands for")]
pub enum BinaryOp {
    Power,
    Times,
    Over,
    Rest,
    Plus,
    Minus,
    Left,
    Right,
    Less,
    AtMost,
    More,
    AtLeast,
    Same,
    Differs,
    BitAnd,
    BitXor,
    BitOr,
    And,
    Or,
    /// `++`: concatenation.
    Join,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// Which.
    pub kind: TypeKind,
    /// Its width, if written.
    pub width: Option<Box<Expr>>,
    /// Dimensions of an array of it.
    pub dimensions: Vec<Expr>,
    /// Where.
    pub span: Span,
}

/// Types of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named by the keyword it stands for")]
pub enum TypeKind {
    Bool,
    Int,
    Uint,
    Float,
    Angle,
    Complex,
    Bit,
    Duration,
    Stretch,
}

/// A statement with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// A modifier of a gate.
#[derive(Clone, Debug, PartialEq)]
pub enum Modifier {
    /// `ctrl(n) @`, or `negctrl` when the flag is set.
    Control(Option<Expr>, bool),
    /// `inv @`.
    Inverse,
    /// `pow(k) @`.
    Power(Expr),
}

/// A gate on operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Modifiers, outermost first.
    pub modifiers: Vec<Modifier>,
    /// The gate.
    pub name: Name,
    /// Angles.
    pub arguments: Vec<Expr>,
    /// Qubits.
    pub operands: Vec<Expr>,
}

/// A parameter of a subroutine.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// Qubits, with the register's size.
    Qubits(Option<Expr>, Name),
    /// A value.
    Value(TypeExpr, Name),
}

/// A subroutine.
#[derive(Clone, Debug, PartialEq)]
pub struct Def {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub returns: Option<TypeExpr>,
    /// Its body.
    pub body: Vec<Stmt>,
}

/// A gate definition.
#[derive(Clone, Debug, PartialEq)]
pub struct GateDef {
    /// Its name.
    pub name: Name,
    /// Angles.
    pub angles: Vec<Name>,
    /// Qubits.
    pub qubits: Vec<Name>,
    /// Its body.
    pub body: Vec<Stmt>,
    /// Whether it is read by the rules of version 2.
    pub two: bool,
}

/// What a loop runs over.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// `{a, b}`.
    Set(Vec<Expr>),
    /// `[start:step:end]`.
    Range(Option<Expr>, Option<Expr>, Option<Expr>),
    /// A register or array.
    Value(Expr),
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `OPENQASM 3.0;`
    Version(String),
    /// `include "file";`
    Include(String),
    /// `qubit[n] name;`
    Qubits(Option<Expr>, Name),
    /// A classical declaration, perhaps constant.
    Declare {
        /// `const`.
        constant: bool,
        /// Its type.
        ty: TypeExpr,
        /// Its name.
        name: Name,
        /// First value.
        value: Option<Expr>,
    },
    /// `input type name;`
    Input(TypeExpr, Name),
    /// `output type name;`
    Output(TypeExpr, Name),
    /// `let name = value;`
    Alias(Name, Expr),
    /// A gate definition.
    Gate(Box<GateDef>),
    /// A subroutine.
    Def(Box<Def>),
    /// A gate call.
    Call(Call),
    /// Plain gate calls one after the other; only at the top of a file.
    Run(Box<Run>),
    /// `measure q;`, `c = measure q;`, `measure q -> c;`
    Measure {
        /// What is measured.
        qubits: Expr,
        /// What takes the outcome.
        target: Option<Expr>,
    },
    /// `reset q;`
    Reset(Expr),
    /// `barrier a, b;`
    Barrier(Vec<Expr>),
    /// `delay[t] q;`
    Delay(Expr, Vec<Expr>),
    /// `target op= value;`
    Assign {
        /// What is set.
        target: Expr,
        /// The operator before `=`.
        op: Option<BinaryOp>,
        /// The value.
        value: Expr,
    },
    /// `if`.
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// `for type name in over`.
    For(TypeExpr, Name, Box<Over>, Vec<Stmt>),
    /// `while`.
    While(Expr, Vec<Stmt>),
    /// `switch (value) { case a, b { … } default { … } }`
    Switch(Expr, Vec<(Vec<Expr>, Vec<Stmt>)>, Option<Vec<Stmt>>),
    /// `box { … }`, with its duration.
    Box(Option<Expr>, Vec<Stmt>),
    /// `{ … }`
    Scope(Vec<Stmt>),
    /// `return value;`
    Return(Option<Expr>),
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// `end;`
    End,
    /// A value for its effect: a subroutine call.
    Value(Expr),
    /// A pragma, text after the word.
    Pragma(Box<Pragma>),
    /// An annotation, kept word for word.
    Annotation(String),
    /// `extern`, `cal`, `defcal`, `defcalgrammar`, `opaque`: kept word for word.
    Kept(String),
}

/// A pragma.
#[derive(Clone, Debug, PartialEq)]
pub enum Pragma {
    /// `braket verbatim`
    Verbatim,
    /// `braket result …`
    Result(ResultSpec),
    /// `braket noise name(params) targets`
    Noise(Name, Vec<Expr>, Vec<Expr>),
    /// `braket noise kraus(matrices) targets`
    Kraus(Vec<Vec<Vec<Expr>>>, Vec<Expr>),
    /// `braket unitary(matrix) targets`
    Unitary(Vec<Vec<Expr>>, Vec<Expr>),
    /// Any other, kept word for word.
    Other(String),
}

/// What a result pragma asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultSpec {
    /// `state_vector`
    StateVector,
    /// `density_matrix targets`
    DensityMatrix(Targets),
    /// `probability targets`
    Probability(Targets),
    /// `amplitude "00", "01"`
    Amplitude(Vec<(String, Span)>),
    /// `expectation|variance|sample observable`
    Observable(Name, Vec<FactorSpec>),
    /// `adjoint_gradient expectation(sum) targets`
    Gradient(Vec<(Expr, Vec<FactorSpec>)>, Vec<Name>),
}

/// Targets of a result pragma.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// None given, or `all`.
    All,
    /// These.
    These(Vec<Expr>),
}

/// One factor of an observable.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorSpec {
    /// Its name: x, y, z, h, i, hermitian.
    pub name: Name,
    /// Entries of a Hermitian one.
    pub matrix: Vec<Vec<Expr>>,
    /// Its targets.
    pub targets: Targets,
}
