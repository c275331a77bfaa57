using System.ComponentModel;
using System.Reflection;

namespace Engine.Hosting.Configuration;

/// <summary>One key that can be configured: where it is bound to, and how it is named in a file and in the environment.</summary>
/// <param name="Key">For example <c>Engine:Http:Listen</c>.</param>
public sealed record Setting(string Section, string Key, PropertyInfo Property)
{
    /// <summary>For example <c>ENGINE__HTTP__LISTEN</c>.</summary>
    public string Variable => Key.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Whether it may stay unset: its type admits null.</summary>
    public bool IsOptional => new NullabilityInfoContext().Create(Property).WriteState == NullabilityState.Nullable;

    public bool IsSecret => Property.GetCustomAttribute<SecretAttribute>() is not null;

    /// <summary>One sentence for people: what the setting does, with unit and limits.</summary>
    public string Description => Property.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "";

    public static IReadOnlyList<Setting> All { get; } =
    [
        .. from section in SettingsSections.All
           from property in section.Type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
           where property.CanWrite
           select new Setting(section.Section, $"{section.Section}:{property.Name}", property),
    ];
}
