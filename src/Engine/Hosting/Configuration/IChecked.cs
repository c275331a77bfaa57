namespace Engine.Hosting.Configuration;

/// <summary>A settings record that can say what is wrong with its values. <see cref="SettingsBinder"/> binds it.</summary>
public interface IChecked
{
    /// <summary>One sentence a problem: the property's name, its limits and the value it has. Empty when all is well.</summary>
    IEnumerable<string> Problems();
}

/// <summary>
/// Marks a setting whose value must never be written down: it is taken from the environment (or the file that
/// <c>…_FILE</c> names), refused in <c>engine.json</c>, and masked wherever settings are shown.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;
