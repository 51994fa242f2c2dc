"""What the arguments of everything else are. A line is as `completion` reads it."""

ARGUMENTS = """
# making tensors
size: lengths of the axes, one by one or as a sequence
more: the other lengths
dtype: of the result; None chooses
as_tensor.dtype: of the result; None keeps it
rand_like.dtype: of the result; None for the input's
device: "cpu" or None: there is no other
requires_grad: whether gradients are asked for
generator: a `Generator`; the default one if None
pin_memory: taken for PyTorch's sake; changes nothing
fill_value: what every element is, a number
data: numbers in nested sequences, an array of any shape and dtype, or a Tensor
ndarray: an array of any shape, bool, integers, float32 or float64
from_dlpack.source: an object with `__dlpack__` on the CPU, of any shape and dtype that is here
start: the first number
end: where it ends, exclusive
linspace.end: the last number
logspace.start: the first exponent
logspace.end: the last exponent
arange.step: from one number to the next
steps: how many
base: what is raised to powers
eye.n: rows
eye.m: columns; as many as rows if None
row: rows of the matrix
col: columns of the matrix
empty_like.input: a Tensor or array of any shape and dtype, which the result has
full_like.input: a Tensor or array of any shape and dtype, which the result has
ones_like.input: a Tensor or array of any shape and dtype, which the result has
zeros_like.input: a Tensor or array of any shape and dtype, which the result has
rand_like.input: a Tensor or array of any shape and dtype, which the result has
randn_like.input: a Tensor or array of any shape and dtype, which the result has
randint_like.input: a Tensor or array of any shape and dtype, which the result has
bernoulli.input: any shape, floats from 0 to 1: how likely a 1 is
bernoulli.p: how likely a 1 is, instead of the input's numbers
bernoulli_.p: how likely a 1 is: a number, or a shape that broadcasts, floats
multinomial.input: (n,) or (rows, n), floats not below 0: what each counts
num_samples: how many are drawn
replacement: whether one can be drawn twice
low: the least number
high: the end, exclusive
uniform.high: the end, exclusive
mean: of the distribution
std: of the distribution, not below 0
normal.mean: a number, or any shape, floats
normal.std: a number, or any shape that broadcasts, floats
exponential_.lambd: the rate, above 0
uniform_.a: the least number
uniform_.b: the end
randperm.n: how many
permutation.n: how many
Generator:shape: lengths of the axes
seed: a whole number; the same one gives the same numbers
state: of `get_state`, an array (n,) uint8 or what it gave
set_num_threads.n: from 1 to 1,024
index_device: which
Device.index: 0 or None
Tensor.size.dim: an axis, or None for all lengths
assign_.value: an array or Tensor of this shape; the dtype stays
wrapped.array: an array of any shape and dtype, which is not copied
bind.primitive: what is applied
bind.args: its operands and parameters
new_full.fill_value: what every element is, a number
# derivatives
f: a function of Tensors
func: a function of Tensors
argnums: the positional argument to differentiate by, or several
has_aux: whether the function gives (value, something else), which is handed on
primals: its arguments: Tensors or arrays of any float dtype and shape, or trees of them
tangents: a direction for each argument, of its shape and dtype
strict: taken for PyTorch's sake; only False
backward.tensors: a Tensor or several, of any shape and a float dtype
grad_tensors: a cotangent for each, of its shape and dtype; None for a single number
retain_graph: whether the graph can be walked again; None for `create_graph`
create_graph: whether the gradients have a graph of their own
autograd:mode: on or off
volatile: PyTorch's old word; refused if True
autograd:function: what is called within it, as a decorator
# compiling
check: record at every call and compare: slow
CompiledFunction.function: what is compiled
scan.args: for each argument an array with an axis of steps in front, of its shape and dtype
scan.kwargs: the same, by name
export.path: of the file that is written
# first values, clipping
init:tensor: a Tensor of any shape and a float dtype, which is filled
dirac_.tensor: (O, C, ...), a Tensor of three to five axes and a float dtype, which is filled
eye_.tensor: (n, m), a Tensor of a float dtype, which is filled
orthogonal_.tensor: at least two axes, a Tensor of a float dtype, which is filled
sparse_.tensor: (n, m), a Tensor of a float dtype, which is filled
dirac_.groups: how many groups of channels
val: what every element becomes
gain: factor of the spread
sparsity: share of each column that is zero
nonlinearity: what follows, such as "relu", "tanh" or "leaky_relu"
kaiming_normal_.a: the slope below zero of a leaky ReLU
kaiming_uniform_.a: the slope below zero of a leaky ReLU
kaiming_normal_.mode: "fan_in" keeps the spread forward, "fan_out" backward
kaiming_uniform_.mode: "fan_in" keeps the spread forward, "fan_out" backward
trunc_normal_.a: the least number
trunc_normal_.b: the largest number
calculate_gain.param: the slope below zero of a leaky ReLU
utils:parameters: a Tensor or several, of any shapes and a float dtype
utils:tensors: a Tensor or several, of any shapes and a float dtype
clip_grad_norm_.max_norm: what the norm of all gradients is shortened to
clip_grads_with_norm_.max_norm: what the norm of all gradients is shortened to
clip_grad_value_.clip_value: what each element of a gradient is limited to
total_norm: the norm of all, a number or scalar Tensor
error_if_nonfinite: RuntimeError where the norm is infinite or NaN
vec: (n,), a Tensor of a float dtype
weight_norm.dim: the axis whose slices have a length each; None for one length
# optimisers, schedules
foreach: taken for PyTorch's sake; changes nothing
fused: taken for PyTorch's sake; changes nothing
capturable: taken for PyTorch's sake; changes nothing
differentiable: only False
maximize: make the cost large instead
params: Parameters, or dicts of groups of them; see `Optimizer`
lr: rate
betas: how much of the moments is kept in each step; below 1
weight_decay: how strongly weights are pulled to zero
decoupled_weight_decay: whether that happens beside the step, as in AdamW
amsgrad: whether the largest second moment so far counts
closure: computes the cost and its gradients, and gives the cost
param_group: a dict with `params` and what is special to them
new_state.p: a Parameter, any shape, a float dtype
options: by name
arrays: what the step works on
state_dict: what `state_dict()` gave
optimizer: whose rates are set
last_epoch: the number of the last epoch; -1 to begin
epoch: the number of the epoch, from 0; None for the next
gamma: factor of the rate
step_size: epochs from one change to the next
milestones: the epochs at which it changes
schedulers: the schedules
lr_lambda: from the number of an epoch to a factor, or one such function for each group
factor: factor of the rate until then
start_factor: factor of the rate at first
end_factor: factor of the rate at the end
total_iters: epochs until it ends
power: the power
T_max: epochs until the least rate
T_0: epochs until the first restart
T_mult: factor of the epochs from restart to restart
eta_min: the least rate
base_lr: the least rate
max_lr: the largest rate
step_size_up: steps of the way up
step_size_down: steps of the way down; as many if None
CyclicLR.mode: "triangular", "triangular2" or "exp_range"
scale_fn: a factor from a number, instead of the mode
scale_mode: whether that number counts cycles or steps: "cycle" or "iterations"
scale_fn.x: the number
cycle_momentum: whether the momentum goes the other way
base_momentum: the least momentum
max_momentum: the largest momentum
metrics: what is watched, a number
is_better.a: the new number
best: the best so far
# data
path: of the file
folder: a folder
limit: bytes of values at most
sha256: what the file has to have, or None
count: how many
batch_size: examples in a batch; the last may be smaller
data:size: examples in a batch
data:seed: of the order
shuffle: whether the order is drawn anew
drop_last: whether a smaller last batch is left out
fraction: share that is put aside, from 0 to 1
utils:generator: a `Generator`; the default one if None
dataset: what has a length and examples by number
datasets: the datasets
data_source: what is drawn from
indices: which, by number
lengths: how many each, or shares that add up to 1
batch: a list of examples
sampler: gives numbers of examples
weights: (n,), what each counts, floats
TensorDataset.tensors: Tensors of any dtypes with one length of axis 0, such as (N, ...)
# training, looking inside
images: (N, inputs) or (N, height, width), uint8, or floats as they are
labels: (N,), integer classes
model: a Module
network: a `TrainedNetwork`
recipe: a `Recipe`
scale: factor of images that are bytes; the model's own if None
classes: how many
inputs: how many numbers an image has
changes: fields by name
augment: whether with distorted images
gradgradcheck.inputs: arrays or Tensors of any shape, floats
composite: its name
primitive: a `Primitive`
order: of the derivatives, 1 or 2
outputs: (N, classes), floats
targets: (N, classes), floats, or (N,), integer classes
truth: (N,), integer classes
found: an `Answers`
surface: a `CostSurface`
direction: (n,), floats: a number for each parameter
point: (n,), floats: where
vector: (n,), floats
across: (n,), floats: one direction
up: (n,), floats: another direction
offsets: how far to go, floats
shares: how far from one to the other, floats
position: a number of a parameter
positions: (n,), integer numbers of parameters
lab:size: height and width, or how far
pictures: (N, height, width), floats
pixels: (height, width), floats
monitor: which number of an epoch is watched
patience: epochs without a better one after which it ends
min_delta: what counts as better
restore_best: whether the parameters of the best epoch come back
epochs: the epochs so far
times: whether with seconds
resume: whether to go on from what is there
report: called with what went wrong
stop_on_failure: whether a failed write ends the training
outcomes: the `Outcome`s
summaries: the `Summary`s
writer: a `SummaryWriter`, or what has its `add_scalar`
run: the run of wandb
mlflow: the module
X: (n, features), floats
declaring:start: from a dtype to the first total
declaring:combine: the formula of the next total, of the total `a` and an element `b`
vjp: the cotangent rule
cases: argument tuples that the tests run
domain: interval of the operands that the tests draw
job: what was done
seconds: how long it took
# scikit-learn
sklearn:loss: "squared_error" or "poisson"
sklearn:hidden_layer_sizes: neurons of each hidden layer
sklearn:activation: "relu", "tanh", "logistic", "identity" and others; a list gives one for each hidden layer
sklearn:solver: "adam", "sgd" or "lbfgs"
sklearn:alpha: strength of the pull of weights to zero
sklearn:batch_size: examples in a step; "auto" is min(200, n)
sklearn:learning_rate: "constant", "invscaling" or "adaptive", with sgd
sklearn:learning_rate_init: the first rate
sklearn:power_t: the power of "invscaling"
sklearn:max_iter: epochs at most
sklearn:shuffle: whether each epoch has an order of its own
sklearn:random_state: seed, RandomState, or None
sklearn:tol: what counts as better
sklearn:verbose: whether to print the cost of each epoch
sklearn:warm_start: whether `fit` goes on from the weights that are there
sklearn:momentum: of sgd, from 0 to 1
sklearn:nesterovs_momentum: whether it is Nesterov's
sklearn:early_stopping: whether a part is put aside, by which the training ends
sklearn:validation_fraction: the share that is put aside
sklearn:beta_1: how much of the first moment is kept, with adam
sklearn:beta_2: how much of the second moment is kept, with adam
sklearn:epsilon: keeps adam's division finite
sklearn:n_iter_no_change: epochs without a better one after which it ends
sklearn:max_fun: evaluations of the cost at most, with lbfgs
sklearn:class_weight: `{class: weight}`, "balanced", or None
sklearn:dropout: share of each hidden layer's outputs that a step leaves out
sklearn:dtype: "float32", "float64", or None for X's
sklearn:callbacks: functions `(estimator, cost)` called after each epoch; True ends the training
sklearn:compiled: False for eager steps
sure.threshold: the confidence from which on
EMA.load_state_dict.values: what `state_dict()` gave
lab:start: (n,), floats: where it begins
lab:end: (n,), floats: where it ends
lab:data: (inputs, targets) of the same examples
lab:cost: from (outputs, targets) to a mean cost
lab:parameters: arrays by name, or None for those of now
data:epoch: the number of the epoch, from 0
data:count: how many examples there are
enable_grad.function: what is called within it, as a decorator
no_grad.function: what is called within it, as a decorator
new_full.size: lengths of the axes
normal_.generator: a `Generator`; the default one if None
random_.high: the end, exclusive
random_.low: the least number
"""
