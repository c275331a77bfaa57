using System.Text.Json;

namespace Routing.Policies;

/// <summary>The published JSON schema of a policy: what it says is what is checked.</summary>
public static class PolicySchema
{
    /// <summary>The file <c>policy.schema.json</c> as it is in the repository.</summary>
    public static string Text { get; } = Read();

    public static JsonElement Root { get; } = JsonElement.Parse(Text);

    static string Read()
    {
        using var stream = typeof(PolicySchema).Assembly.GetManifestResourceStream("policy.schema.json")
            ?? throw new InvalidOperationException("The schema of policies is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
