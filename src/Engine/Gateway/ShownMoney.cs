using System.Globalization;

namespace Engine.Gateway;

/// <summary>Money for people: cents, and as many decimals more as a small amount needs for two digits.</summary>
static class ShownMoney
{
    public static string Usd(decimal usd) => string.Create(CultureInfo.InvariantCulture, $"${Math.Round(usd, Decimals(usd)):0.00########}");

    static int Decimals(decimal usd)
    {
        var decimals = 2;
        for (var size = Math.Abs(usd); size is > 0 and < 1 && decimals < 10; size *= 10) decimals++;
        return decimals;
    }
}
