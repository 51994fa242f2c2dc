"""What the arguments of operations are. A line is as `completion` reads it."""

#: What operations do with dtypes: how a docstring says it -> which operations. A test runs them all.
DTYPES = {
    "any dtype, which the result has": """
        adaptive_max_pool2d add addmv addr adjoint amax amin aminmax baddbmm bmm ceil chunk clamp_max clamp_min
        column_stack combinations concatenate conv1d conv2d conv_transpose2d cummax cummin diag diag_embed diagflat
        diagonal diff dot dstack einsum embedding expand_as flatten flip fliplr flipud floor fmax fmin fold gather
        heaviside hstack im2col index_select inner kron kthvalue linear masked_select matmul max max_pool1d
        max_pool2d median meshgrid min mm mode movedim mul mv nan_to_num nanmedian narrow outer pad ravel repeat
        repeat_interleave roll rot90 round scatter scatter_add select sort split squeeze stack t take_along_axis
        tensordot tile topk transpose tril triu trunc unbind unflatten unfold unique unique_consecutive unsqueeze
        vander view_as vstack
    """,
    "float32 or float64, which the result has; integers and bools count as float32": """
        acos acosh adaptive_avg_pool2d addcdiv addcmul addmm asin asinh atan2 atanh avg_pool1d avg_pool2d batch_norm
        cdist celu clamp copysign corrcoef cosh cosine_similarity cov deg2rad dist div elu erfc exp2 gelu glu
        group_norm hardshrink hardsigmoid hardswish hardtanh hypot interpolate layer_norm leaky_relu lerp log10 log2
        log_softmax logaddexp logcumsumexp logit logsigmoid logsumexp mean mish nanmean norm normalize
        pairwise_distance prelu quantile rad2deg reciprocal relu6 rms_norm rsqrt scaled_dot_product_attention selu
        silu sinc sinh softmax softmin softshrink softsign std std_mean tan tanhshrink threshold true_divide var
        var_mean xlogy
    """,
    "any dtype; the result is bool": """
        all any bitwise_not equal isfinite isin isinf isnan isneginf isposinf logical_and logical_not logical_or
        logical_xor signbit
    """,
    "any dtype; the result is int64": "argmax argmin argsort argwhere bucketize count_nonzero nonzero searchsorted",
    "any dtype, which the result has, but int64 for integers and bools": "addbmm cumprod nansum prod sum trace",
    "numbers of any dtype but bool, which the result has": "cross fmod frac positive rsub sub",
    "float64, or what becomes it": "float_power",
    "float32 or float64, which the result has": """
        cross_entropy nll_loss gaussian_nll_loss poisson_nll_loss embedding_bag
    """,
}

ARGUMENTS = """
# operands of operations
x: any shape, {dtypes}
a: any shape that broadcasts with b's, {dtypes}
b: any shape that broadcasts with a's, of a dtype like a's; or a number
input: any shape, {dtypes}
other: any shape that broadcasts with the first operand's, of a dtype like its; or a number
y: any shape that broadcasts with x's, of a dtype like x's
tensor1: any shape that broadcasts with x's, of a dtype like x's
tensor2: any shape that broadcasts with x's, of a dtype like x's
tensors: Tensors or arrays of one dtype, of shapes that fit as said above
addbmm.x: (n, p) or what broadcasts to it, {dtypes}
addbmm.batch1: (N, n, m), of a dtype like x's
addbmm.batch2: (N, m, p), of a dtype like x's
addmm.x: (n, p) or what broadcasts to it, {dtypes}
addmm.mat1: (n, m), of a dtype like x's
addmm.mat2: (m, p), of a dtype like x's
addmv.x: (n,) or what broadcasts to it, {dtypes}
addmv.mat: (n, m), of a dtype like x's
addmv.vec: (m,), of a dtype like x's
addr.x: (n, m) or what broadcasts to it, {dtypes}
addr.vec1: (n,), of a dtype like x's
addr.vec2: (m,), of a dtype like x's
baddbmm.x: (N, n, p) or what broadcasts to it, {dtypes}
baddbmm.batch1: (N, n, m), of a dtype like x's
baddbmm.batch2: (N, m, p), of a dtype like x's
adjoint.x: (..., n, m), {dtypes}
bmm.a: (N, m, k), {dtypes}
bmm.b: (N, k, n), of a dtype like a's
cdist.a: (..., P, M), {dtypes}
cdist.b: (..., R, M), of a dtype like a's
matmul.a: (..., m, k) or (k,), {dtypes}
matmul.b: (..., k, n) or (k,), of a dtype like a's
mm.a: (m, k), {dtypes}
mm.b: (k, n), of a dtype like a's
mv.a: (m, k), {dtypes}
mv.b: (k,), of a dtype like a's
dot.a: (n,), {dtypes}
dot.b: (n,), of a dtype like a's
inner.a: (..., k), {dtypes}
inner.b: (..., k), of a dtype like a's
outer.a: (n,), {dtypes}
outer.b: (m,), of a dtype like a's
kron.a: any shape, {dtypes}
kron.b: any shape, of a dtype like a's
tensordot.a: any shape, {dtypes}
tensordot.b: a shape whose axes fit, of a dtype like a's
cross.a: length 3 along the axis, otherwise any shape, {dtypes}
cross.b: of a's shape, or what broadcasts to it, of a dtype like a's
cosine_similarity.a: any shape, {dtypes}
cosine_similarity.b: a shape that broadcasts with a's, of a dtype like a's
bitwise_left_shift.a: any shape, an integer dtype, which the result has
bitwise_left_shift.b: any shape that broadcasts with a's, integers
bitwise_right_shift.a: any shape, an integer dtype, which the result has
bitwise_right_shift.b: any shape that broadcasts with a's, integers
bitwise_not.x: any shape, integers or bool
allclose.a: any shape, a numeric dtype
isclose.a: any shape, a numeric dtype; the result is bool
equal.a: any shape and dtype
equal.b: any shape and dtype; others than a's are not equal
matrix_power.a: (..., n, n), float32 or float64
matrix_power.n: the power, a whole number; negative ones are of the inverse
chain_matmul.matrices: (n, m), (m, p), ..., of one dtype
cartesian_prod.tensors: vectors (n,), (m,), ... of one dtype
combinations.x: (n,), {dtypes}
combinations.r: elements in a choice
combinations.with_replacement: whether an element may come twice
bincount.x: (n,), integers from 0 on
bincount.weights: (n,), any numeric dtype, or None to count
bincount.minlength: length of the result at least
corrcoef.x: (variables, observations), {dtypes}
cov.x: (variables, observations), {dtypes}
cov.fweights: (observations,), integers, or None
cov.aweights: (observations,), floats, or None
cov.correction: what is taken from the number of observations
diag.x: (n,) or (n, m), {dtypes}
diag_embed.x: (..., n), {dtypes}
diagonal.x: at least two axes, {dtypes}
trace.x: (n, m), {dtypes}
tril.x: (..., n, m), {dtypes}
triu.x: (..., n, m), {dtypes}
vander.x: (n,), {dtypes}
vander.N: columns; n if None
vander.increasing: whether the powers grow to the right
t.x: at most two axes, {dtypes}
fliplr.x: at least two axes, {dtypes}
flipud.x: any shape with an axis 0, {dtypes}
broadcast_to.x: a shape that broadcasts to `shape`, any dtype
block_diag.tensors: matrices (n, m), vectors or scalars of one dtype
broadcast_tensors.tensors: shapes that broadcast, any dtypes
atleast_1d.tensors: any shapes, any dtypes
atleast_2d.tensors: any shapes, any dtypes
atleast_3d.tensors: any shapes, any dtypes
cat.tensors: of one shape but for `axis`, any dtype they have in common
stack.tensors: all of one shape, any dtype they have in common
column_stack.tensors: vectors (n,) or matrices (n, m), any dtype they have in common
hstack.tensors: of one shape but for axis 1 (vectors: any length), any dtype they have in common
vstack.tensors: vectors (n,), or of one shape but for axis 0, any dtype they have in common
row_stack.tensors: vectors (n,), or of one shape but for axis 0, any dtype they have in common
dstack.tensors: of one shape but for axis 2, any dtype they have in common
meshgrid.tensors: vectors (n,), (m,), ... of one dtype
meshgrid.indexing: "ij": the first vector goes along axis 0; "xy": along axis 1
where.condition: any shape, bool
where.input: any shape that broadcasts with the condition's, any dtype; or a number
where.other: any shape that broadcasts with the condition's, a dtype like the input's; or a number
maximum.input: any shape, any dtype, which the result has
minimum.input: any shape, any dtype, which the result has
numel.input: a Tensor or array of any shape and dtype
is_tensor.x: anything
is_complex.input: any shape and dtype
is_floating_point.input: any shape and dtype
heaviside.values: what stands for it at zero: a shape that broadcasts with x's, of a dtype like x's
histc.x: any shape, float32 or float64
histc.bins: how many
histc.min: left end of the first bin; with max equal to it, both are of the numbers
histc.max: right end of the last bin
isin.test_elements: any shape, of a dtype like x's
isin.assume_unique: taken for PyTorch's sake; changes nothing
isin.invert: True answers where it is not in
searchsorted.edges: (..., n), in order, a numeric dtype
searchsorted.values: (..., m) with the same axes in front, or any shape for edges (n,); a numeric dtype
searchsorted.side: "left" or "right", another word for `right`
searchsorted.sorter: (..., n), int64 positions that put the edges in order, or None
bucketize.edges: (n,), in order, a numeric dtype
bucketize.x: any shape, a numeric dtype
out_int32: True gives int32 positions
right: behind elements that are equal
xlogy.x: any shape, {dtypes}
atan2.y: any shape, {dtypes}
atan2.x: any shape that broadcasts with y's, of a dtype like y's
lerp.start: any shape, {dtypes}
lerp.end: any shape that broadcasts, of a dtype like it
lerp.weight: a number, or any shape that broadcasts, a float dtype
masked_fill.x: any shape, any dtype, which the result has if the value fits
masked_fill.mask: any shape that broadcasts with x's, bool
masked_fill.value: a number, or a scalar Tensor
masked_scatter.x: any shape, any dtype, which the result has
masked_scatter.mask: any shape that broadcasts with x's, bool
masked_scatter.src: any shape with as many elements as the mask asks for, x's dtype
masked_select.mask: any shape that broadcasts with x's, bool
index_add.x: any shape, a numeric dtype, which the result has
index_add.index: (n,), integer positions along the axis
index_add.src: x's shape but n along the axis, of a dtype like x's
index_copy.x: any shape, any dtype, which the result has
index_copy.index: (n,), integer positions along the axis
index_copy.src: x's shape but n along the axis, of a dtype like x's
index_fill.x: any shape, any dtype, which the result has
index_fill.index: (n,), integer positions along the axis
index_fill.value: a number
index_select.index: (n,), integer positions along the axis
gather.index: any shape that is not longer than x along the other axes, integer positions
scatter.index: any shape that is not longer than x along the other axes, integer positions
scatter.src: a shape as long as the index's or longer, x's dtype; or a number
scatter_add.index: any shape that is not longer than x along the other axes, integer positions
scatter_add.src: a shape as long as the index's or longer, x's dtype
select.index: position along the axis; negative ones count from the end
select_scatter.x: any shape, any dtype, which the result has
select_scatter.src: x's shape without the axis, of a dtype like x's
select_scatter.index: position along the axis; negative ones count from the end
take.x: any shape, any dtype, which the result has
take.index: any shape, integer positions
take_along_dim.x: any shape, any dtype, which the result has
take_along_dim.indices: a shape that broadcasts with x's but for the axis, integer positions
take_along_axis.index: a shape that broadcasts with x's but for the axis, integer positions
repeat_interleave.repeats: a number, or (n,) integers, one for each element
roll.shifts: a whole number of places, or one for each axis
rot90.k: how often; negative turns go the other way
rot90.axes: the two axes of the plane
quantile.q: a number from 0 to 1, or (n,), floats
quantile.interpolation: "linear", "lower", "higher", "midpoint" or "nearest"
round.decimals: digits behind the point that are kept
clamp.min: the least, a number or a shape that broadcasts, of a dtype like x's, or None
clamp.max: the most, a number or a shape that broadcasts, of a dtype like x's, or None
clamp_min.min: the least, a number or a shape that broadcasts
clamp_max.max: the most, a number or a shape that broadcasts
nan_to_num.nan: what stands for NaN; 0 if None
nan_to_num.posinf: what stands for infinity; the largest number of the dtype if None
nan_to_num.neginf: what stands for -infinity; the least number of the dtype if None
diff.n: how many times over
diff.prepend: numbers put in front before, of x's shape but for the axis, x's dtype
diff.append: numbers put behind before, of x's shape but for the axis, x's dtype
diff.axis: the axis
kthvalue.k: which, from 1 the smallest
topk.k: how many
topk.largest: the largest, or the smallest
topk.sorted: whether they come in order
sort.descending: from the largest to the smallest
argsort.descending: from the largest to the smallest
stable: taken for PyTorch's sake: equal elements keep their order in any case
unique.sorted: taken for PyTorch's sake: they come in order in any case
return_inverse: whether to give, of each element, where its value is among them
return_counts: whether to give how often each is there
nonzero.as_tuple: a tuple of vectors, one for each axis, instead of rows
norm.ord: which norm, a number or math.inf
vector_norm.ord: which norm, a number or math.inf
cdist.p: which norm, a number or math.inf
dist.p: which norm, a number or math.inf
div.rounding_mode: None, "trunc" or "floor"
logit.eps: x is limited to eps .. 1 - eps before; None leaves it
cosine_similarity.eps: the least norm that is divided by
rtol: allowed difference as a share of b
atol: allowed difference besides
equal_nan: whether NaN is close to NaN
beta: factor of the first operand
addbmm.beta: factor of x
alpha: factor of the other operand
value: a number
addcdiv.value: factor of the quotient
addcmul.value: factor of the product
offset: which diagonal: 0 the main one, above it positive
diagonal: which diagonal: 0 the main one, above it positive
axis: an axis; negative ones count from the last
axes: the axes
axis0: one axis; negative ones count from the last
axis1: another axis; negative ones count from the last
axis2: another axis; negative ones count from the last
dim: an axis; negative ones count from the last
permute.axes: every axis once, in the order in which the result has them
tensordot.axes: how many, or two sequences of axes
squeeze.axis: an axis, several, or None for all of length 1
flip.axis: an axis or several
unsqueeze.axis: where the new axis is in the result
stack.axis: where the new axis is in the result
flatten.start_axis: the first axis that is put into one
flatten.end_axis: the last axis that is put into one
start_dim: the first axis that is put into one
end_dim: the last axis that is put into one
keepdims: whether the axis stays, with length 1
keepdim: whether the axis stays, with length 1
unbiased: whether the correction is 1 or 0
correction: what is taken from n
chunks: how many pieces at most
indices_or_sections: how many parts, or the positions between them
split.size: length of a piece, or the lengths of all
narrow.start: the first element
narrow.length: how many
shape: lengths of the axes
reshape.shape: lengths of the axes; one may be -1
unflatten.shape: lengths of the new axes; one may be -1
view_as.other: a Tensor of the shape wanted, any dtype
expand_as.other: a Tensor of the shape wanted, any dtype
moveaxis.source: the axis, or several
moveaxis.destination: where it goes
movedim.source: the axis, or several
movedim.destination: where it goes
tile.times: how often along each axis, beginning with the last
einsum.equation: a letter for each axis of each operand, `->`, and those of the result
einsum.operands: Tensors or arrays of the shapes that the equation says, any dtype they have in common
# linear algebra
linalg:a: (..., n, n), float32 or float64
linalg:x: any shape, float32 or float64
solve.b: (..., n) or (..., n, m), a's dtype
min_length.a: (..., m, n), float32 or float64
qr.a: (..., m, n), float32 or float64
qr.mode: "reduced", "complete" or "r", as in NumPy
svd.a: (..., m, n), float32 or float64
svd.full_matrices: whether U and Vh are square
Q: (..., m, k), orthogonal columns, a float dtype
R: (..., k, n), upper triangular, a float dtype
U: (..., m, k), a float dtype
S: (..., k), from the largest on, a float dtype
Vh: (..., k, n), a float dtype
eigenvalues: (..., n), from the smallest on, a float dtype
eigenvectors: (..., n, n), a column for each, a float dtype
sign: (...), a float dtype
logabsdet: (...), a float dtype
conv1d.input: (N, C, L) or (C, L), a float dtype
conv1d.weight: (O, C / groups, k), a dtype like the input's
conv1d.bias: (O,), a dtype like the input's, or None
group_norm.num_groups: how many groups of channels
group_norm.weight: (C,), a float dtype, or None
group_norm.bias: (C,), a float dtype, or None
rms_norm.normalized_shape: lengths of the last axes
rms_norm.weight: (*normalized_shape), a float dtype, or None
repeat.times: how often along each axis, one by one or as a sequence
ops:size: elements in a window
ops:step: from one window to the next
one_hot.index: any shape, integer classes
linalg:A: (..., n, n), float32 or float64
logdet.A: (..., n, n), float32 or float64
pinv.A: (..., m, n), float32 or float64
pinv.rcond: singular values below this share of the largest count as zero
pinv.hermitian: whether A is taken to be symmetric
cholesky.a: (..., n, n), symmetric positive definite, float32 or float64
cholesky.upper: whether to give the upper triangle
eigh.UPLO: "L" or "U": which triangle is read
trapezoid.y: any shape, a numeric dtype
trapezoid.x: y's shape, or (n,) along the axis, a numeric dtype; or None
cumulative_trapezoid.y: any shape, a numeric dtype
cumulative_trapezoid.x: y's shape, or (n,) along the axis, a numeric dtype; or None
dx: the distance of the places, where x is None
compute_mode: taken for PyTorch's sake
normal.layout: taken for PyTorch's sake
"""
