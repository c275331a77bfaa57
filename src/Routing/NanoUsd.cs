using System.Globalization;

namespace Routing;

/// <summary>
/// Money where it is counted hot: a whole number of nano-dollars (10⁻⁹ US dollars) in 64 bits, up to ± 9.2 billion dollars.
/// Sums are checked: an overflow throws instead of wrapping around.
/// </summary>
public readonly record struct NanoUsd(long Value) : IComparable<NanoUsd>
{
    public static readonly NanoUsd Zero = new(0);

    const decimal PerUsd = 1_000_000_000m;

    public decimal Usd => Value / PerUsd;

    /// <summary>Rounded up: what is held or spent is never counted as less than it is.</summary>
    /// <exception cref="OverflowException">More than 64 bits hold.</exception>
    public static NanoUsd Ceiling(decimal usd) => new(decimal.ToInt64(decimal.Ceiling(usd * PerUsd)));

    /// <summary>Rounded down: what is left is never counted as more than it is.</summary>
    /// <exception cref="OverflowException">More than 64 bits hold.</exception>
    public static NanoUsd Floor(decimal usd) => new(decimal.ToInt64(decimal.Floor(usd * PerUsd)));

    public static NanoUsd operator +(NanoUsd a, NanoUsd b) => new(checked(a.Value + b.Value));

    public static NanoUsd operator -(NanoUsd a, NanoUsd b) => new(checked(a.Value - b.Value));

    public static bool operator <(NanoUsd a, NanoUsd b) => a.Value < b.Value;

    public static bool operator >(NanoUsd a, NanoUsd b) => a.Value > b.Value;

    public static bool operator <=(NanoUsd a, NanoUsd b) => a.Value <= b.Value;

    public static bool operator >=(NanoUsd a, NanoUsd b) => a.Value >= b.Value;

    public int CompareTo(NanoUsd other) => Value.CompareTo(other.Value);

    /// <summary>For people: up to nine decimals, without the zeros at the end.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"${Usd:0.00#######}");
}
