import { SelectField } from "@/components/fields";
import { TYPES, type InstrumentType } from "./filters";

/** Which type of instrument a screen is about. */
export function TypeField({
  value,
  onChange,
}: {
  value: InstrumentType;
  onChange: (type: InstrumentType) => void;
}) {
  return (
    <SelectField
      label="Type"
      value={value}
      onChange={(event) => onChange(event.target.value as InstrumentType)}
    >
      {Object.entries(TYPES).map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}
