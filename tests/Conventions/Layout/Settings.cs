using Engine.Hosting.Configuration;

namespace Conventions.Layout;

public sealed class Settings
{
    [Fact]
    public void Settings_records_are_sealed_and_all_of_them_are_bound()
    {
        var records = typeof(IChecked).Assembly.GetTypes().Where(t => t != typeof(IChecked) && t.IsAssignableTo(typeof(IChecked))).ToList();

        Assert.NotEmpty(records);
        Assert.All(records, t => Assert.True(t.IsSealed && t.GetMethod("<Clone>$") is not null, $"{t} must be a sealed record"));
        Assert.Empty(records.Except(SettingsSections.All.Select(s => s.Type)).Select(t => $"{t} is missing in SettingsSections.All"));
    }

    [Fact]
    public void Every_setting_says_what_it_does() =>
        Assert.Empty(Setting.All.Where(s => s.Description.Length == 0).Select(s => $"{s.Key} has no [Description]"));
}
