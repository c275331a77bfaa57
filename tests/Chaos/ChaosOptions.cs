using System.Globalization;

namespace Chaos;

/// <summary>What <c>ops/chaos</c> was asked for.</summary>
/// <param name="Folder">Null: a new one below the system's temporary folder.</param>
public sealed record ChaosOptions(int Seed, TimeSpan Length, int Workers, string? Folder, bool IsPlanOnly)
{
    /// <returns>Null when it cannot be understood.</returns>
    public static ChaosOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new ChaosOptions(1, TimeSpan.FromMinutes(1), 3, null, false);
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--plan")
            {
                options = options with { IsPlanOnly = true };
                continue;
            }
            if (i + 1 == arguments.Count) return null;
            var value = arguments[++i];
            var isNumber = double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
            switch (arguments[i - 1])
            {
                case "--seed" when isNumber && number <= int.MaxValue && number == Math.Floor(number):
                    options = options with { Seed = (int)number };
                    break;
                case "--minutes" when isNumber && number is >= 0.1 and <= 1440:
                    options = options with { Length = TimeSpan.FromMinutes(number) };
                    break;
                case "--workers" when isNumber && number is >= 1 and <= 20 && number == Math.Floor(number):
                    options = options with { Workers = (int)number };
                    break;
                case "--folder":
                    options = options with { Folder = value };
                    break;
                default:
                    return null;
            }
        }
        return options;
    }
}
