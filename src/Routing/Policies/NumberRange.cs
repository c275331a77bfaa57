using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Routing.Policies;

/// <summary>The numbers that a condition lets through, read from a text such as <c>&gt;0.7</c> or <c>&gt;=100ms, &lt;1s</c>.</summary>
/// <param name="Low">Infinite when there is no lower end.</param>
/// <param name="HasLow">Whether <paramref name="Low"/> itself is let through.</param>
public readonly record struct NumberRange(double Low, bool HasLow, double High, bool HasHigh)
{
    public static readonly NumberRange All = new(double.NegativeInfinity, false, double.PositiveInfinity, false);

    public bool IsEmpty => Low > High || (Low == High && !(HasLow && HasHigh));

    public bool Contains(double value) => !(value < Low || value > High || (value == Low && !HasLow) || (value == High && !HasHigh));

    public NumberRange And(NumberRange other)
    {
        var (low, hasLow) = Low == other.Low ? (Low, HasLow && other.HasLow) : Low > other.Low ? (Low, HasLow) : (other.Low, other.HasLow);
        var (high, hasHigh) = High == other.High ? (High, HasHigh && other.HasHigh) : High < other.High ? (High, HasHigh) : (other.High, other.HasHigh);
        return new(low, hasLow, high, hasHigh);
    }

    /// <param name="text">Comparisons with &lt;, &lt;=, &gt; or &gt;=, all of which must hold, with commas between them.</param>
    /// <param name="units">What may follow a number, and what it is multiplied with; a number without a unit is not allowed unless the empty unit is one.</param>
    /// <param name="problem">Why it cannot be read; null when it can.</param>
    /// <returns>Milliseconds for times; it may be empty.</returns>
    public static NumberRange Parse(string text, IReadOnlyList<(string Unit, double Factor)> units, out string? problem)
    {
        var range = All;
        problem = null;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var length = part.StartsWith(">=", StringComparison.Ordinal) || part.StartsWith("<=", StringComparison.Ordinal) ? 2 : part is ['<' or '>', ..] ? 1 : 0;
            if (length == 0 || !TryNumber(part[length..].Trim(), units, out var number))
            {
                problem = $"\"{part}\" is no comparison such as {Example(units)}";
                return All;
            }
            range = range.And(part[0] == '>' ? All with { Low = number, HasLow = length == 2 } : All with { High = number, HasHigh = length == 2 });
        }
        return range;
    }

    static bool TryNumber(string text, IReadOnlyList<(string Unit, double Factor)> units, out double number)
    {
        number = 0;
        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz ");
        var unit = text[digits.Length..].Trim();
        foreach (var (name, factor) in units)
        {
            if (name != unit) continue;
            if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) || digits.Length > 15) return false;
            number *= factor;
            return true;
        }
        return false;
    }

    [SuppressMessage("Performance", "CA1859", Justification = "the parameter is what Parse has")]
    static string Example(IReadOnlyList<(string Unit, double Factor)> units) =>
        string.Join(" or ", units.Take(2).Select(u => u.Unit.Length == 0 ? "\">0.7\"" : $"\"<1000{u.Unit}\""));
}
