"""Steps as long as the error allows, and a gradient through them: python examples/adaptive_step.py

Van der Pol's oscillator, by Heun's method with a step that is shorter where the estimated error is large
and longer where it is small. How many steps that takes is not known before: it is a `tg.while_loop`. How the
place at the end depends on the stiffness is its derivative, checked against differences.
"""

import tinygrad_mnist as tg

END, TOLERANCE = 3.0, 1e-6


def slope(x, v, stiffness):
    """The derivatives of place and speed."""
    return v, stiffness * (1 - x * x) * v - x


def solved(stiffness):
    """(time, place, speed, length of the next step, number of steps) at the end."""

    def unfinished(s):
        return s["time"] < END

    def step(s):
        h = tg.minimum(s["length"], END - s["time"])
        x, v = s["x"], s["v"]
        dx, dv = slope(x, v, stiffness)
        ex, ev = slope(x + h * dx, v + h * dv, stiffness)
        error = ((h / 2 * (ex - dx)) ** 2 + (h / 2 * (ev - dv)) ** 2).sqrt().detach() + 1e-12
        good = error <= TOLERANCE**0.5
        factor = (0.9 * (TOLERANCE**0.5 / error).sqrt()).clamp(0.2, 2.0)
        return {
            "time": tg.where(good, s["time"] + h, s["time"]),
            "x": tg.where(good, x + h / 2 * (dx + ex), x),
            "v": tg.where(good, v + h / 2 * (dv + ev), v),
            "length": (h * factor).detach(),
            "steps": s["steps"] + 1,
        }

    zero = tg.tensor(0.0, dtype="float64")
    first = {"time": zero, "x": zero + 2, "v": zero, "length": zero + 0.01, "steps": tg.tensor(0)}
    return tg.while_loop(unfinished, step, first, most=5000)


def main(stiffness=2.0):
    """Prints and gives (derivative of the last place by the stiffness, the same by differences)."""
    at = tg.tensor(stiffness, dtype="float64")
    end = tg.jit(solved)(at)
    place = tg.jit(lambda k: solved(k)["x"])
    found = tg.jit(tg.grad(lambda k: solved(k)["x"]))(at).item()
    differences = ((place(at + 1e-4) - place(at - 1e-4)) / 2e-4).item()
    print(f"place {end['x'].item():.5f} after {end['steps'].item()} steps")
    print(f"its derivative {found:.5f}, by differences {differences:.5f}")
    return found, differences


if __name__ == "__main__":
    main()
