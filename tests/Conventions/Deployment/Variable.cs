using Engine.Hosting.Configuration;

namespace Conventions.Deployment;

/// <summary>A variable that a deployment file sets for the engine.</summary>
public sealed class Variable
{
    /// <summary>The engine's variables that are no settings.</summary>
    static readonly string[] Others = ["ENGINE_DATA", "ENGINE_CONFIG"];

    [Theory]
    [InlineData("ENGINE__HTTP__LISTEN", null)]
    [InlineData("ENGINE__DATABASE__CONNECTIONSTRING_FILE", null)]
    [InlineData("ENGINE_DATA", null)]
    [InlineData("POSTGRES_DB", null)]
    [InlineData("ENGINE__HTTP__LISTENS", "no setting")]
    [InlineData("ENGINE_HTTP_LISTEN", "no setting")]
    [InlineData("ENGINE__DATABASE__CONNECTIONSTRING", "is a secret")]
    public void A_variable_that_does_not_exist_or_shows_a_secret_is_found(string name, string? fault)
    {
        if (fault is null) Assert.Null(Fault(name));
        else Assert.Contains(fault, Fault(name), StringComparison.Ordinal);
    }

    /// <returns>What is wrong with setting this variable, or null.</returns>
    internal static string? Fault(string name)
    {
        if (!name.StartsWith("ENGINE", StringComparison.Ordinal) || Others.Contains(name)) return null;
        var fromFile = name.EndsWith("_FILE", StringComparison.Ordinal);
        var setting = Setting.All.FirstOrDefault(s => s.Variable == (fromFile ? name[..^"_FILE".Length] : name));
        if (setting is null) return $"{name} is no setting of the engine";
        return setting.IsSecret && !fromFile ? $"{name} is a secret: name its file in {name}_FILE" : null;
    }
}
