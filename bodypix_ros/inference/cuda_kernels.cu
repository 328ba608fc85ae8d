// Copyright 2026 bodypix_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Preprocessing and decoding on a GPU: images to network input, and network output to labels.
//
// NVRTC compiles this file when the package first uses a GPU. The tests compile it with a C++ compiler, with loops in
// place of threads (test/cuda_on_cpu.h). All tables come from geometry.py; cuda_kernels.py packs them.

// Where the sigmoid sits relative to the interpolations, see geometry.Sigmoid; the numbers are those of
// cuda_kernels.SIGMOIDS.
#define BEFORE 0  // BodyPix 1: before both interpolations
#define BETWEEN 1 // BodyPix 2: between them
#define AFTER 2   // bodypix_ros: after the only one; logits are compared with the logit of the threshold

#define PARTS 24
#define BACKGROUND (-1)

// Distance between bounds that float32 rounding errors never exceed; equal to numpy_kernels.MARGIN.
#define MARGIN 1e-3f

#define MOST_NEGATIVE (-3.402823466e+38f)

__device__ __forceinline__ float sigmoid(float logit) { return 1.0f / (1.0f + expf(-logit)); }

// ---- Images to network input ----

// Fill the network's input planes: pad, resize and normalise.
//
// pictures      (batch, height, width, 3) uint8 BGR
// input         (batch, 3, input_height, input_width) float32, RGB planes
// row_index     (input_height, row_taps) int32, rows of the image that contribute to each row of the input
// row_weight    (input_height, row_taps) float32; 0 if a tap is in a black border
// column_index  (input_width, column_taps) int32, like row_index; column_weight like row_weight
// normalisation (4) float32: scale, then the offsets of R, G and B
//
// One thread for each pixel of the input: x and y its column and row, z its picture.
extern "C" __global__ void prepare_input(const unsigned char *pictures, float *input, const int *row_index,
                                         const float *row_weight, int row_taps, const int *column_index,
                                         const float *column_weight, int column_taps, const float *normalisation,
                                         int height, int width, int input_height, int input_width)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= input_width || y >= input_height)
        return;

    const unsigned char *picture = pictures + (size_t)blockIdx.z * height * width * 3;
    float blue = 0, green = 0, red = 0;
    for (int i = 0; i < row_taps; i++) {
        const unsigned char *row = picture + (size_t)row_index[y * row_taps + i] * width * 3;
        float row_blue = 0, row_green = 0, row_red = 0;
        for (int j = 0; j < column_taps; j++) {
            const unsigned char *pixel = row + column_index[x * column_taps + j] * 3;
            float weight = column_weight[x * column_taps + j];
            row_blue += pixel[0] * weight;
            row_green += pixel[1] * weight;
            row_red += pixel[2] * weight;
        }
        float weight = row_weight[y * row_taps + i];
        blue += row_blue * weight;
        green += row_green * weight;
        red += row_red * weight;
    }
    size_t plane = (size_t)input_height * input_width;
    float *out = input + blockIdx.z * 3 * plane + (size_t)y * input_width + x;
    out[0] = red * normalisation[0] + normalisation[1];
    out[plane] = green * normalisation[0] + normalisation[2];
    out[2 * plane] = blue * normalisation[0] + normalisation[3];
}

// ---- Network output to labels ----

// Position of an image pixel among the output cells. Its four neighbours in the network input are all in one closed
// cell, so the corners of that cell determine its value.
struct Position {
    int upper_left, upper_right, lower_left, lower_right; // cells at the corners, offsets within a plane
    float top, bottom, left, right;                       // neighbours in the network input, 0..1 of the cell
    float down, across;                                   // weights of the lower and of the right neighbours
};

struct Corners {
    float upper_left, upper_right, lower_left, lower_right;
};

__device__ __forceinline__ float lerp(float a, float b, float weight) { return a + (b - a) * weight; }

__device__ __forceinline__ Corners load_corners(const float *plane, const Position &at)
{
    Corners corners = {plane[at.upper_left], plane[at.upper_right], plane[at.lower_left], plane[at.lower_right]};
    return corners;
}

__device__ __forceinline__ float lowest(const Corners &c)
{
    return fminf(fminf(c.upper_left, c.upper_right), fminf(c.lower_left, c.lower_right));
}

__device__ __forceinline__ float highest(const Corners &c)
{
    return fmaxf(fmaxf(c.upper_left, c.upper_right), fmaxf(c.lower_left, c.lower_right));
}

// The value of one pixel of the network input, after the sigmoid if it is applied between the two interpolations.
__device__ __forceinline__ float input_pixel(const Corners &c, float y, float x, int sigmoid_at)
{
    float value = lerp(lerp(c.upper_left, c.lower_left, y), lerp(c.upper_right, c.lower_right, y), x);
    return sigmoid_at == BETWEEN ? sigmoid(value) : value;
}

// The score of one image pixel: a probability, or a logit if the sigmoid is applied after the interpolation.
__device__ __forceinline__ float picture_pixel(Corners c, const Position &at, int sigmoid_at)
{
    if (sigmoid_at == BEFORE) {
        c.upper_left = sigmoid(c.upper_left);
        c.upper_right = sigmoid(c.upper_right);
        c.lower_left = sigmoid(c.lower_left);
        c.lower_right = sigmoid(c.lower_right);
    }
    float upper_left = input_pixel(c, at.top, at.left, sigmoid_at);
    float upper_right = input_pixel(c, at.top, at.right, sigmoid_at);
    float lower_left = input_pixel(c, at.bottom, at.left, sigmoid_at);
    float lower_right = input_pixel(c, at.bottom, at.right, sigmoid_at);
    return lerp(lerp(upper_left, upper_right, at.across), lerp(lower_left, lower_right, at.across), at.down);
}

// The most likely part, the first of equal ones. A part with a lower value than another part at every corner of the cell
// cannot win inside it, because all interpolations are weighted means and the sigmoid is monotone.
__device__ __forceinline__ int likeliest_part(const float *planes, size_t plane, const Position &at, int sigmoid_at)
{
    float floor = MOST_NEGATIVE;
    for (int part = 0; part < PARTS; part++)
        floor = fmaxf(floor, lowest(load_corners(planes + part * plane, at)));
    int winner = 0;
    float best = MOST_NEGATIVE;
    for (int part = 0; part < PARTS; part++) {
        Corners corners = load_corners(planes + part * plane, at);
        if (highest(corners) < floor - MARGIN)
            continue;
        float score = picture_pixel(corners, at, sigmoid_at);
        if (score > best) {
            best = score;
            winner = part;
        }
    }
    return winner;
}

// Label the pixels of the images.
//
// heads      (batch, channels, cell_rows, cell_columns) float32 logits
// person     channel of the person logits; first_part that of the first of the 24 parts
// row_cell   (height) int32, row of the cell that contains each row of the image
// row_places (height, 3) float32: the upper and the lower neighbour in the network input, 0..1 of the cell, and the
//            weight of the lower one; column_cell and column_places are the same for columns
// numbers    (24) int8, the part id of each channel
// limits     (2) float32: the value with which scores of pixels are compared, and the logit of the threshold
// mask       (batch, height, width) uint8, 1 where a person is; null if not requested
// parts      (batch, height, width) int8, part id or BACKGROUND; null if not requested
// confidence (batch, height, width) uint8, 255 times the probability; null if not requested
//
// One thread for each pixel of the picture: x and y its column and row, z its picture.
extern "C" __global__ void label_pixels(const float *heads, int channels, int person, int first_part, int cell_rows,
                                        int cell_columns, const int *row_cell, const float *row_places,
                                        const int *column_cell, const float *column_places, const signed char *numbers,
                                        const float *limits, int sigmoid_at, int height, int width, unsigned char *mask,
                                        signed char *parts, unsigned char *confidence)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height)
        return;

    int row = row_cell[y], column = column_cell[x];
    int below = min(row + 1, cell_rows - 1), beside = min(column + 1, cell_columns - 1);
    Position at = {row * cell_columns + column,   row * cell_columns + beside, below * cell_columns + column,
                   below * cell_columns + beside, row_places[3 * y],           row_places[3 * y + 1],
                   column_places[3 * x],          column_places[3 * x + 1],    row_places[3 * y + 2],
                   column_places[3 * x + 2]};

    size_t plane = (size_t)cell_rows * cell_columns;
    const float *planes = heads + (size_t)blockIdx.z * channels * plane;
    size_t pixel = ((size_t)blockIdx.z * height + y) * width + x;

    // Where the corners agree, the pixel is decided without its score.
    Corners corners = load_corners(planes + person * plane, at);
    bool above = lowest(corners) > limits[1] + MARGIN;
    bool undecided = !above && highest(corners) > limits[1] - MARGIN;
    if (undecided || confidence) {
        float score = picture_pixel(corners, at, sigmoid_at);
        if (undecided)
            above = score > limits[0];
        if (confidence)
            confidence[pixel] = (unsigned char)rintf(255.0f * (sigmoid_at == AFTER ? sigmoid(score) : score));
    }
    if (mask)
        mask[pixel] = above;
    if (parts)
        parts[pixel] = above ? numbers[likeliest_part(planes + first_part * plane, plane, at, sigmoid_at)] : BACKGROUND;
}
