import DefaultTheme from 'vitepress/theme';
import './weir.css';

export default DefaultTheme;
