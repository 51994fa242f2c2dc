"""What the arguments of modules and costs are. A line is as `completion` reads it."""

ARGUMENTS = """
# modules
args: what is handed on
kwargs: what is handed on
inplace: whether the input becomes the result
functional:input: any shape, float32 or float64, which the result has; integers and bools count as float32
forward.input: what the class says: its shape, and float32 or float64
forward.x: what the class says: its shape, and float32 or float64
forward.hx: the state before: its shape as said of the class, a float dtype; zeros if None
embedding.input: any shape, integer positions of rows
embedding.weight: (V, D), float32 or float64
embedding_bag.input: (N, L), or (n,) with offsets; integer positions of rows
one_hot.tensor: any shape, integer classes
num_classes: how many; -1 for as many as there are
adaptive_avg_pool1d.input: (N, C, L) or (C, L), float32 or float64
adaptive_max_pool1d.input: (N, C, L) or (C, L), any dtype
channel_shuffle.input: (N, C, ...), any dtype
pixel_shuffle.input: (..., C r r, H, W), any dtype
pixel_unshuffle.input: (..., C, H r, W r), any dtype
conv_transpose1d.input: (N, C, L) or (C, L), float32 or float64
conv_transpose1d.weight: (C, O / groups, k), a dtype like the input's
conv_transpose1d.bias: (O,), a dtype like the input's, or None
dropout1d.input: (N, C, L) or (C, L), float32 or float64
dropout2d.input: (N, C, H, W) or (C, H, W), float32 or float64
dropout3d.input: (N, C, D, H, W) or (C, D, H, W), float32 or float64
feature_alpha_dropout.input: (N, C, ...), float32 or float64
fold.input: (N, C kh kw, L) or without N, any dtype
unfold.input: (N, C, H, W) or (C, H, W), any dtype
instance_norm.input: (N, C, ...), float32 or float64
instance_norm.weight: (C,), a dtype like the input's, or None
instance_norm.bias: (C,), a dtype like the input's, or None
running_mean: (C,), a Tensor of a float dtype, which is moved on, or None
running_var: (C,), a Tensor of a float dtype, which is moved on, or None
use_input_stats: whether mean and variance are the input's or the running ones
linear.input: (..., in_features), float32 or float64
linear.weight: (out_features, in_features), a dtype like the input's
linear.bias: (out_features,), a dtype like the input's, or None
bilinear.input1: (..., in1_features), float32 or float64
bilinear.input2: (..., in2_features), a dtype like input1's
bilinear.weight: (out_features, in1_features, in2_features), a dtype like the input's
bilinear.bias: (out_features,), a dtype like the input's, or None
local_response_norm.input: (N, C, ...), float32 or float64
LocalResponseNorm.size: channels that are looked at
local_response_norm.size: channels that are looked at
local_response_norm.k: what is added
LocalResponseNorm.k: what is added
lp_pool1d.input: (N, C, L) or (C, L), float32 or float64
lp_pool2d.input: (N, C, H, W) or (C, H, W), float32 or float64
max_unpool1d.input: (N, C, L) or (C, L), any dtype
max_unpool1d.indices: (N, C, L), the places that the pooling gave, integers
max_unpool2d.input: (N, C, H, W) or (C, H, W), any dtype
max_unpool2d.indices: (N, C, H, W), the places that the pooling gave, integers
pdist.input: (N, M), float32 or float64
prelu.weight: (1,) or (C,), a dtype like the input's
upsample.input: (N, C, L), (N, C, H, W) or without N, float32 or float64
glu.input: an even length along the axis, otherwise any shape, float32 or float64
gumbel_softmax.logits: any shape, float32 or float64
tau: temperature, above 0
hard: whether the result is one-hot, with the gradient of the soft one
cosine_similarity.x1: any shape, float32 or float64
cosine_similarity.x2: a shape that broadcasts with x1's, a dtype like it
pairwise_distance.x1: (..., D), float32 or float64
pairwise_distance.x2: (..., D), a dtype like x1's
p: probability that a number is zeroed, from 0 to 1
bernoulli.dtype: of the result
normalize.p: which norm
pairwise_distance.p: which norm
PairwiseDistance.p: which norm
pdist.p: which norm
multi_margin_loss.p: 1 or 2: the power of each margin
triplet_margin_loss.p: which norm
training: whether anything is zeroed; False gives the input
approximate: "none" or "tanh"
negative_slope: the slope below zero
lambd: half the width of what becomes zero
threshold: where it changes
softplus.threshold: from where on it is the identity
Softplus.threshold: from where on it is the identity
softplus.beta: how sharp the bend is
Softplus.beta: how sharp the bend is
celu.alpha: how far below zero it goes
CELU.alpha: how far below zero it goes
elu.alpha: how far below zero it goes
ELU.alpha: how far below zero it goes
local_response_norm.alpha: factor of the squares
LocalResponseNorm.alpha: factor of the squares
local_response_norm.beta: the power
LocalResponseNorm.beta: the power
threshold.value: what stands for it below
Threshold.value: what stands for it below
min_val: the least
max_val: the most
min_value: PyTorch's old word for min_val
max_value: PyTorch's old word for max_val
lower: the least slope
upper: the largest slope
eps: keeps a division finite
groups: how many groups of channels, which do not see one another
in_channels: channels of the input
out_channels: channels of the result, one for each kernel
kernel_size: lengths of the kernel, or one for all axes
stride: steps from one place of the kernel to the next, or one for all axes
padding: zeros around the input, or one number for all axes
padding_mode: "zeros", "reflect", "replicate" or "circular"
dilation: distance of a kernel's elements, or one for all axes
output_padding: elements more at the end, below stride or dilation
output_size: lengths of the result's last axes
ceil_mode: whether a last place that reaches beyond the end counts
count_include_pad: whether the zeros around count as elements
divisor_override: what the sum is divided by instead of the number of elements
return_indices: whether to give the places too
norm_type: which norm
scale_factor: how many times as long the axes become
recompute_scale_factor: taken for PyTorch's sake
align_corners: whether the outermost elements stay where they are; None is False
upscale_factor: how many times as high and wide
downscale_factor: by how much lower and narrower
unflattened_size: lengths of the new axes
upsample.mode: "nearest", "linear", "bilinear" or "bicubic", as in `interpolate`
Upsample.mode: "nearest", "linear", "bilinear" or "bicubic", as in `interpolate`
nn:bias: whether there are biases
nn:keywords: what is handed on, by name
affine: whether there are a weight and a bias for each channel
momentum: how much the running statistics take of each batch
track_running_stats: whether running statistics are kept
num_features: channels
num_parameters: 1, or as many as there are channels
PReLU.init: the first slope
num_embeddings: rows
embedding_dim: columns
padding_idx: a row that stays as it is, or None
max_norm: rows longer than that are shortened to it, or None
scale_grad_by_freq: whether a row's gradient is divided by how often it is taken
sparse: only False
include_last_offset: whether the last offset is the end
EmbeddingBag.mode: "mean", "sum" or "max"
input_size: features of each element of a sequence
hidden_size: features of the state
num_layers: how many, one on the other
batch_first: whether the batch is the first axis
dropout: probability that a number between layers is zeroed
bidirectional: whether a second one reads backward
proj_size: only 0
d_model: features
nhead: heads of attention
num_encoder_layers: how many
num_decoder_layers: how many
dim_feedforward: features between the two linear maps
activation: "relu", "gelu", or a function of Tensors
custom_encoder: a module in its place, or None
custom_decoder: a module in its place, or None
layer_norm_eps: keeps the division finite
norm_first: whether normalisation comes before attention
norm: a module at the end, or None
decoder_layer: what is copied
src: (S, N, E), or with the batch first; a float dtype
tgt: (T, N, E), or with the batch first; a float dtype
memory: (S, N, E), or with the batch first; a float dtype
src_mask: broadcasts to (S, S), bool or floats, or None
tgt_mask: broadcasts to (T, T), bool or floats, or None
memory_mask: broadcasts to (T, S), bool or floats, or None
src_key_padding_mask: (N, S), bool, True where there is nothing to look at, or None
tgt_key_padding_mask: (N, T), bool, True where there is nothing to look at, or None
memory_key_padding_mask: (N, S), bool, True where there is nothing to look at, or None
is_causal: whether each looks back only
src_is_causal: whether each looks back only
tgt_is_causal: whether each looks back only
memory_is_causal: whether each looks back only
modules: the modules
values: by name or in order
name: the name
module: the module
prefix: put in front of the names, with a dot
recurse: whether those of the modules in it count
remove_duplicate: whether what has two names comes once
memo: what was there already
persistent: whether it is part of `state_dict`
register_buffer.tensor: any shape and dtype, or None
param: a Parameter, or None
hook: what is called
prepend: whether before the hooks that are there
with_kwargs: whether it is given the keyword arguments too
always_call: whether after an error, too
fn: called with each module
Module.train.mode: training or not
train.mode: training or not
dst_type: the dtype
keep_vars: whether the values are Parameters instead of arrays
state_dict.destination: a dict that is filled
set_to_none: None instead of zeros
get_submodule.target: its path, with dots
get_parameter.target: its path, with dots
get_buffer.target: its path, with dots
# costs
target: of the input's shape, a float dtype
quadratic_cost.output: (N, ...), float32 or float64
quadratic_cost.target: of the output's shape, a float dtype
binary_cross_entropy.input: any shape, floats from 0 to 1
binary_cross_entropy.target: of the input's shape, floats from 0 to 1
binary_cross_entropy_with_logits.target: of the input's shape, floats from 0 to 1
cosine_embedding_loss.input1: (N, D) or (D,), float32 or float64
cosine_embedding_loss.input2: (N, D) or (D,), a dtype like input1's
cosine_embedding_loss.target: (N,) or (), numbers 1 or -1
hinge_embedding_loss.target: of the input's shape, numbers 1 or -1
soft_margin_loss.target: of the input's shape, numbers 1 or -1
margin_ranking_loss.input1: any shape, float32 or float64
margin_ranking_loss.input2: a shape that broadcasts with input1's, a dtype like it
margin_ranking_loss.target: a shape that broadcasts with input1's, numbers 1 or -1
multi_margin_loss.input: (N, C) or (C,), float32 or float64
multi_margin_loss.target: (N,) or (), integer classes
multi_margin_loss.weight: (C,), what each class counts, floats, or None
multilabel_margin_loss.input: (N, C) or (C,), float32 or float64
multilabel_margin_loss.target: of the input's shape, integer classes; -1 ends them
multilabel_soft_margin_loss.input: (..., C), float32 or float64
multilabel_soft_margin_loss.target: of the input's shape, numbers 0 or 1
multilabel_soft_margin_loss.weight: (C,), what each class counts, floats, or None
anchor: (N, D) or (D,), float32 or float64
triplet_margin_loss.positive: (N, D) or (D,), a dtype like the anchor's
triplet_margin_loss.negative: (N, D) or (D,), a dtype like the anchor's
triplet_margin_with_distance_loss.positive: (N, D) or (D,), a dtype like the anchor's
triplet_margin_with_distance_loss.negative: (N, D) or (D,), a dtype like the anchor's
positive: (N, D) or (D,), a dtype like the anchor's
negative: (N, D) or (D,), a dtype like the anchor's
distance_function: of two Tensors; the 2-norm of the difference if None
swap: whether the distance between positive and negative counts if it is smaller
margin: how far apart is far enough
functional:weight: a factor for each element, a shape that broadcasts with the input's, floats, or None
pos_weight: a factor for the targets that are 1, a shape that broadcasts with the input's, floats, or None
sample_weight: (N,), what each example counts, floats, or None
size_average: PyTorch's old word for the reduction
reduce: PyTorch's old word for the reduction
reduction: "mean", "sum", or "none" for each one's own
delta: where it changes from squares to distances
smooth_l1_loss.beta: where it changes from squares to distances
log_target: whether the target is the logarithm of probabilities
upsample.size: lengths of the result's last axes
nn:size: lengths of the result's last axes
nn:dtype: float32 or float64; float32 if None
forward.weights: `sample_weight=`, (N,), what each example counts, floats
forward.indices: (N, C, l) or (N, C, h, w), the places that the pooling gave, integers
forward.input1: (..., in1_features), float32 or float64
forward.input2: (..., in2_features), float32 or float64
CosineSimilarity.forward.x1: any shape, float32 or float64
CosineSimilarity.forward.x2: a shape that broadcasts with x1's, a dtype like it
PairwiseDistance.forward.x1: (..., D), float32 or float64
PairwiseDistance.forward.x2: (..., D), a dtype like x1's
forward.per_sample_weights: (N, L), a float dtype, or None
forward.var: what broadcasts to the input's shape, a float dtype
forward.mask: broadcasts to (S, S), bool or floats, or None
antialias: only False
pad.pad: counts (before, after), beginning with the last axis
enable_gqa: whether several heads of queries share one of keys
"""
