//! The ONNX graph, run by tract in f32.
//!
//! A graph is compiled for one number of rows, and every batch is cut into chunks of that
//! size, the last one padded. So a row is computed by the same kernels whether it is alone
//! or among a million, and its result has the same bits.

use std::sync::Arc;

use tract_onnx::{
    pb,
    prelude::{
        Datum, Framework, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable,
        IntoTValue, TValue, TVec, Tensor, TractError, TractResult, TypedRunnableModel, tvec,
    },
};

/// The operators that were compared with another runtime, value by value. tract gives wrong
/// numbers for some others without an error, so all others are refused.
const TESTED_OPERATORS: [&str; 14] = [
    "Add",
    "Cast",
    "Concat",
    "Gather",
    "Greater",
    "Identity",
    "IsNaN",
    "Less",
    "MatMul",
    "Mul",
    "Reshape",
    "Sigmoid",
    "Transpose",
    "Where",
];

/// The required shape of a graph.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The number of columns of the one input.
    pub(crate) inputs: usize,
    /// Names and columns of the outputs that are read.
    pub(crate) outputs: Vec<(&'static str, usize)>,
    /// The number of rows that are run at once.
    pub(crate) chunk: usize,
    /// Whether a NaN may represent a missing ratio.
    pub(crate) accepts_missing: bool,
}

/// Why a graph is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    #[error("it is no ONNX file: {0:#}")]
    NotOnnx(TractError),
    #[error("the operator {0} is not among the tested ones ({tested})", tested = TESTED_OPERATORS.join(", "))]
    Operator(String),
    #[error(
        "it is declared to accept missing ratios, but no IsNaN looks for them: a comparison with a missing value is false without an error"
    )]
    BlindToMissing,
    #[error("it keeps the tensor {0} in another file")]
    External(String),
    #[error("it has {0} inputs; one is needed")]
    Inputs(usize),
    #[error("it has no output {0:?}")]
    NoOutput(&'static str),
    #[error("its output {name:?} is {found}, not f32 [{rows}, {columns}]")]
    Output {
        name: &'static str,
        found: String,
        rows: usize,
        columns: usize,
    },
    #[error("it cannot be run: {0:#}")]
    Unrunnable(TractError),
}

/// A graph that is ready to run.
pub(crate) struct Graph {
    plan: Arc<TypedRunnableModel>,
    shape: Shape,
}

/// One row of a run.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// The inputs; NaN is missing.
    pub(crate) inputs: &'a [f32],
    outputs: &'a [&'a [f32]],
    shape: &'a Shape,
    at: usize,
}

impl Graph {
    /// Reads, checks and compiles a graph. Intermediate data of tract is dropped.
    pub(crate) fn read(onnx: &[u8], shape: Shape) -> Result<Self, GraphError> {
        let framework = tract_onnx::onnx();
        let proto = framework
            .proto_model_for_read(&mut &*onnx)
            .map_err(GraphError::NotOnnx)?;
        check_nodes(&proto, shape.accepts_missing)?;
        let places = places(&proto, &shape)?;
        let model = framework
            .model_for_proto_model(&proto)
            .map_err(GraphError::Unrunnable)?;
        drop(proto);
        let plan = compile(model, &places, &shape)?;
        Ok(Self { plan, shape })
    }

    /// Runs `rows` rows: `fill` writes a row's inputs, `take` receives its outputs, in
    /// order.
    pub(crate) fn run(
        &self,
        rows: usize,
        mut fill: impl FnMut(usize, &mut [f32]),
        mut take: impl FnMut(usize, &Row<'_>),
    ) -> TractResult<()> {
        let Shape { inputs, chunk, .. } = self.shape;
        let mut state = self.plan.spawn()?;
        let mut buffer = vec![0.0_f32; chunk * inputs];
        for start in (0..rows).step_by(chunk) {
            let end = rows.min(start + chunk);
            for (at, row) in buffer.chunks_exact_mut(inputs).enumerate() {
                if start + at < end {
                    fill(start + at, row);
                } else {
                    row.fill(0.0);
                }
            }
            let tensor = Tensor::from_shape(&[chunk, inputs], &buffer)?;
            let outputs = state.run(tvec!(tensor.into_tvalue()))?;
            let slices = outputs
                .iter()
                .map(|output: &TValue| output.try_as_plain_ram()?.as_slice::<f32>())
                .collect::<TractResult<TVec<&[f32]>>>()?;
            for (at, input) in buffer.chunks_exact(inputs).enumerate().take(end - start) {
                let row = Row {
                    inputs: input,
                    outputs: &slices,
                    shape: &self.shape,
                    at,
                };
                take(start + at, &row);
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl<'a> Row<'a> {
    /// Returns the row's values of an output, by its index in [`Shape::outputs`].
    pub(crate) fn output(&self, which: usize) -> &'a [f32] {
        let columns = self.shape.outputs[which].1;
        &self.outputs[which][self.at * columns..(self.at + 1) * columns]
    }
}

fn check_nodes(proto: &pb::ModelProto, accepts_missing: bool) -> Result<(), GraphError> {
    let Some(graph) = &proto.graph else {
        return Ok(());
    };
    for node in &graph.node {
        let standard = matches!(node.domain.as_str(), "" | "ai.onnx");
        if !standard || !TESTED_OPERATORS.contains(&node.op_type.as_str()) {
            let domain = if standard {
                String::new()
            } else {
                format!("{}.", node.domain)
            };
            return Err(GraphError::Operator(format!("{domain}{}", node.op_type)));
        }
    }
    if accepts_missing && graph.node.iter().all(|node| node.op_type != "IsNaN") {
        return Err(GraphError::BlindToMissing);
    }
    match graph
        .initializer
        .iter()
        .find(|tensor| !tensor.external_data.is_empty())
    {
        Some(tensor) => Err(GraphError::External(tensor.name.clone())),
        None => Ok(()),
    }
}

/// Returns the indexes of the wanted outputs among all. This runs before tract reads the
/// graph, because a missing output makes tract panic.
fn places(proto: &pb::ModelProto, shape: &Shape) -> Result<Vec<usize>, GraphError> {
    let outputs = proto.graph.iter().flat_map(|graph| &graph.output);
    let names: Vec<&str> = outputs.map(|output| output.name.as_str()).collect();
    shape
        .outputs
        .iter()
        .map(|(name, _)| {
            let place = names.iter().position(|n| n == name);
            place.ok_or(GraphError::NoOutput(name))
        })
        .collect()
}

fn compile(
    mut model: InferenceModel,
    places: &[usize],
    shape: &Shape,
) -> Result<Arc<TypedRunnableModel>, GraphError> {
    if model.inputs.len() != 1 {
        return Err(GraphError::Inputs(model.inputs.len()));
    }
    let outlets: Vec<_> = places.iter().map(|at| model.outputs[*at]).collect();
    let unrunnable = GraphError::Unrunnable;
    model.select_output_outlets(&outlets).map_err(unrunnable)?;
    let fact = InferenceFact::dt_shape(f32::datum_type(), tvec![shape.chunk, shape.inputs]);
    model.set_input_fact(0, fact).map_err(unrunnable)?;
    let model = model.into_optimized().map_err(unrunnable)?;
    for (at, (name, columns)) in shape.outputs.iter().enumerate() {
        let fact = model.output_fact(at).map_err(unrunnable)?;
        let right = fact.datum_type == f32::datum_type()
            && fact.shape.as_concrete() == Some(&[shape.chunk, *columns][..]);
        if !right {
            return Err(GraphError::Output {
                name,
                found: format!("{fact:?}"),
                rows: shape.chunk,
                columns: *columns,
            });
        }
    }
    model.into_runnable().map_err(unrunnable)
}
